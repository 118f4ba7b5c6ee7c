import stat
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from mentorship.credentials import Authority, Permissions
from mentorship.nkey import KeyPair, Kind
from mentorship.revocation import tell_server
from tests.secured_nats import SecuredNats, Violations, lets_in

KNOWN_SEED = "SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
KNOWN_PUBLIC = "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"


def test_a_seed_of_natss_own_tools_gives_their_public_key() -> None:
    assert KeyPair.from_seed(KNOWN_SEED).public == KNOWN_PUBLIC


@pytest.mark.parametrize(("kind", "letter"), [(Kind.OPERATOR, "O"), (Kind.ACCOUNT, "A"), (Kind.USER, "U")])
def test_a_key_reads_back_from_its_seed(kind: Kind, letter: str) -> None:
    key = KeyPair.create(kind)
    again = KeyPair.from_seed(key.seed + "\n")
    assert key.public.startswith(letter)
    assert key.seed.startswith("S" + letter)
    assert (again.kind, again.public, again.sign(b"nonce")) == (kind, key.public, key.sign(b"nonce"))


@pytest.mark.parametrize("seed", ["", "SU", "not base 32!", "UAGC5NW62DO5ATR4"])
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has a wrong"):
        KeyPair.from_seed(seed)


def test_a_mistyped_seed_is_caught_by_its_checksum() -> None:
    seed = KeyPair.create(Kind.USER).seed
    with pytest.raises(ValueError, match="checksum"):
        KeyPair.from_seed(seed[:30] + ("A" if seed[30] != "A" else "B") + seed[31:])


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "keys")
    authority.mint("hr", Permissions(("hr.employee.>",), ()))
    files = [path for path in authority.folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in authority.folder.rglob("*") if path.is_dir()} == {0o700}


def test_keys_are_made_once(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "keys"), Authority(tmp_path / "keys")
    assert (first.account_id, first.system_account_id) == (second.account_id, second.system_account_id)


async def test_a_credential_of_another_authority_does_not_sign_in(secured_nats: SecuredNats, tmp_path: Path) -> None:
    forged = Authority(tmp_path / "forged").mint("operator", Permissions((">",), (">",)))
    assert not await lets_in(secured_nats.server.url, forged)


async def test_nobody_signs_in_without_a_credential(secured_nats: SecuredNats) -> None:
    assert not await lets_in(secured_nats.server.url, None)


async def test_a_revoked_publisher_is_cut_off_at_once_and_stays_out_after_a_restart(secured_nats: SecuredNats) -> None:
    stolen = secured_nats.credentials["hr"].read_text()
    async with secured_nats.signed_in("hr") as publisher:
        await publisher.jetstream().publish("hr.employee.hired.v1", b"before")
        secured_nats.authority.revoke("hr")
        await tell_server(secured_nats.server.url, secured_nats.authority)
        with pytest.raises(NatsError):
            await publisher.jetstream().publish("hr.employee.hired.v1", b"after", timeout=1)
    path = secured_nats.authority.folder / "stolen.creds"
    path.write_text(stolen)
    for _ in range(2):
        assert not await lets_in(secured_nats.server.url, path)
        secured_nats.server.kill()
        secured_nats.server.start()


async def test_a_revoked_name_can_be_given_again_under_a_new_key(secured_nats: SecuredNats) -> None:
    authority = secured_nats.authority
    authority.revoke("hr")
    await tell_server(secured_nats.server.url, authority)
    authority.mint("hr", Permissions(("hr.employee.left.v1",), ("_INBOX_hr.>",)))
    violations = Violations()
    async with secured_nats.signed_in("hr", violations) as publisher:
        await publisher.jetstream().publish("hr.employee.left.v1", b"{}")
        await publisher.publish("hr.employee.hired.v1", b"{}")
        await violations.all_told(publisher)
    assert violations.of("publish to", "hr.employee.hired.v1")
