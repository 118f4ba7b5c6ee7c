"""What `kubectl kustomize deploy/kubernetes` renders is valid and keeps the restricted pod security standard."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

BASE = Path(__file__).parents[2] / "deploy/kubernetes"
SERVICES = ("matching", "sessions", "notifications", "analytics")
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def rendered() -> list[Resource]:
    """Every resource of the base as the cluster would be given it."""
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            text = subprocess.run([*command, str(BASE)], capture_output=True, text=True, check=True).stdout
            return [resource for resource in yaml.safe_load_all(text) if resource]
    pytest.skip("neither kubectl nor kustomize is installed here")


def _pods(rendered: list[Resource]) -> Iterator[tuple[str, Resource]]:
    for resource in rendered:
        if resource["kind"] in {"Deployment", "Job"}:
            yield resource["metadata"]["name"], resource["spec"]["template"]["spec"]


def _of(rendered: list[Resource], kind: str) -> dict[str, Resource]:
    return {resource["metadata"]["name"]: resource for resource in rendered if resource["kind"] == kind}


@pytest.mark.parametrize("version", ["1.30", "1.33", "1.37"])
def test_every_resource_is_valid_for_the_cluster_version(rendered: list[Resource], version: str) -> None:
    for resource in rendered:
        kubernetes_validate.validate(resource, version, strict=True)


def test_an_unknown_field_would_not_pass(rendered: list[Resource]) -> None:
    broken = {**_of(rendered, "Service")["matching-api"], "spec": {"selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.33", strict=True)


def test_there_are_four_services_a_worker_and_their_jobs(rendered: list[Resource]) -> None:
    apis = {f"{service}-api" for service in SERVICES}
    assert set(_of(rendered, "Deployment")) == apis | {"matching-worker"}
    assert set(_of(rendered, "Service")) == set(_of(rendered, "PodDisruptionBudget")) == apis
    assert set(_of(rendered, "Job")) == {f"{service}-migrate" for service in SERVICES} | {"topology"}


def test_every_pod_is_restricted(rendered: list[Resource]) -> None:
    for name, pod in _pods(rendered):
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] == security["runAsGroup"] == 10001, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        assert all(set(volume) - {"name"} <= {"secret", "configMap", "emptyDir"} for volume in pod["volumes"]), name


def test_every_container_has_a_read_only_root_and_no_capability(rendered: list[Resource]) -> None:
    for name, pod in _pods(rendered):
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["limits"]["memory"], name
            assert container["resources"]["requests"]["cpu"], name


def test_every_service_has_the_three_probes(rendered: list[Resource]) -> None:
    for service in SERVICES:
        (container,) = _of(rendered, "Deployment")[f"{service}-api"]["spec"]["template"]["spec"]["containers"]
        probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
        assert probes == {"startup": "/startupz", "readiness": "/readyz", "liveness": "/livez"}


def test_secrets_are_files_and_each_pod_mounts_its_own(rendered: list[Resource]) -> None:
    mounted = {
        name: [v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v] for name, pod in _pods(rendered)
    }
    own = {f"{service}-api": [service] for service in SERVICES} | {"matching-worker": ["matching"]}
    owners = {f"{service}-migrate": [f"{service}-owner"] for service in SERVICES} | {"topology": ["operator"]}
    assert mounted == own | owners
    for name, pod in _pods(rendered):
        variables = [variable for container in pod["containers"] for variable in container.get("env", [])]
        assert all("valueFrom" not in variable for variable in variables), name
        assert not any("password" in str(variable).lower() for variable in variables), name


def test_the_publishers_and_the_public_address_are_named_where_they_are_used(rendered: list[Resource]) -> None:
    variables = {
        (name, variable["name"])
        for name, pod in _pods(rendered)
        for container in pod["containers"]
        for variable in container.get("env", [])
    }
    assert ("matching-api", "MENTORSHIP_PUBLISHERS_FILE") in variables
    assert ("notifications-api", "MENTORSHIP_PUBLIC_URL") in variables
    text = (BASE / "secrets.example.yaml").read_text()
    assert {"publishers.json", "mentorship_unsubscribe_key"} <= {
        line.split(":")[0].strip() for line in text.splitlines()
    }


def test_the_examples_name_exactly_the_secrets_that_are_mounted(rendered: list[Resource]) -> None:
    text = (BASE / "secrets.example.yaml").read_text()
    named = {word for line in re.findall(r"^  name: (.+)$", text, re.MULTILINE) for word in re.findall("[a-z-]+", line)}
    mounted = {v["secret"]["secretName"] for _, pod in _pods(rendered) for v in pod["volumes"] if "secret" in v}
    assert named - {"likewise"} == mounted


def test_every_pod_is_told_where_telemetry_goes(rendered: list[Resource]) -> None:
    (settings,) = _of(rendered, "ConfigMap").values()
    assert settings["data"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
    for name, pod in _pods(rendered):
        for container in pod["containers"]:
            assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}], name


def test_every_pod_speaks_tls_and_is_told_whom_to_believe(rendered: list[Resource]) -> None:
    (settings,) = _of(rendered, "ConfigMap").values()
    assert settings["data"]["MENTORSHIP_NATS_URL"].startswith("tls://")
    assert settings["data"]["PGSSLMODE"] == "verify-full"
    believed = {settings["data"][name] for name in ("SSL_CERT_FILE", "PGSSLROOTCERT")}
    for name, pod in _pods(rendered):
        (volume,) = [volume["name"] for volume in pod["volumes"] if volume.get("configMap") == {"name": "trust"}]
        (container,) = pod["containers"]
        (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == volume]
        assert believed == {f"{mount['mountPath']}/ca.crt"}, name


def test_a_migration_leaves_the_pods_of_the_version_before_it_until_the_next_are_there(
    rendered: list[Resource],
) -> None:
    for service in SERVICES:
        deployment = _of(rendered, "Deployment")[f"{service}-api"]["spec"]
        assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        (container,) = deployment["template"]["spec"]["containers"]
        ready = container["readinessProbe"]
        assert ready["periodSeconds"] * ready["failureThreshold"] >= 30
        budget = _of(rendered, "PodDisruptionBudget")[f"{service}-api"]["spec"]
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_whatever_runs_the_engine_has_room_for_it(rendered: list[Resource]) -> None:
    for name in ("matching-api", "matching-worker"):
        (container,) = _of(rendered, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"]["memory"] == "1536Mi", name
        assert "command" not in container, "the image's entry point brings the compiled engine"


def test_the_metrics_of_every_deployment_can_be_read(rendered: list[Resource]) -> None:
    for name, deployment in _of(rendered, "Deployment").items():
        template = deployment["spec"]["template"]
        annotations = template["metadata"]["annotations"]
        (container,) = template["spec"]["containers"]
        (port,) = container["ports"]
        assert (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]) == ("true", "/metrics"), name
        assert annotations["prometheus.io/port"] == str(port["containerPort"]), name
        let_in = [
            policy["metadata"]["name"]
            for policy in _of(rendered, "NetworkPolicy").values()
            for rule in policy["spec"].get("ingress", [])
            if policy["spec"]["podSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
            and {"port": port["name"]} in rule["ports"]
        ]
        assert let_in, name


def test_nothing_is_reachable_unless_it_is_listed(rendered: list[Resource]) -> None:
    policies = _of(rendered, "NetworkPolicy")
    closed = policies["nothing-by-default"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    open_to_all = [name for name, policy in policies.items() if {} in policy["spec"].get("egress", [])]
    assert open_to_all == []
    (namespace,) = _of(rendered, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_disruption_budget_and_a_service_select_their_deployment(rendered: list[Resource]) -> None:
    for service in SERVICES:
        name = f"{service}-api"
        pods = _of(rendered, "Deployment")[name]["spec"]["template"]["metadata"]["labels"].items()
        assert _of(rendered, "Service")[name]["spec"]["selector"].items() <= pods
        assert _of(rendered, "PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"].items() <= pods
        assert _of(rendered, "Deployment")["matching-worker"]["spec"]["selector"]["matchLabels"].items() - pods
