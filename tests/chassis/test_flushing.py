from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from chassis.telemetry import Telemetry


def test_flushing_keeps_nothing_for_a_scrape_that_may_never_come() -> None:
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(True, registry=registry)
    measures = MeterProvider([reader])
    measures.get_meter("mentorship").create_counter("things").add(1)
    telemetry = Telemetry(TracerProvider(), measures, registry)
    for _ in range(3):
        telemetry.flush()
    assert not reader._collector._metrics_datas
    measures.shutdown()
