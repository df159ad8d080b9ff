"""The table of routes, all below ``/mlops-jlab/api``."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.errors import NotFound
from mlops_jlab.server import (
    again,
    builder,
    datasets,
    logs,
    modelhistory,
    models,
    monitoring,
    pipelines,
    profiles,
    runs,
    samples,
    schedules,
    sources,
    spending,
    sweeps,
)
from mlops_jlab.server.handling import Route, answered

_RUN = r"([0-9a-f]{4,32})"

ROUTES: tuple[tuple[str, type[Route]], ...] = (
    ("runs", runs.RunsRoute),
    (r"runs/(delete|restore)", runs.DeleteRoute),
    (rf"runs/{_RUN}", runs.RunRoute),
    (rf"runs/{_RUN}/history", runs.HistoryRoute),
    (rf"runs/{_RUN}/artifacts/(.+)", runs.ArtifactRoute),
    (rf"runs/{_RUN}/profiles", profiles.RunProfilesRoute),
    (rf"runs/{_RUN}/code", sources.CodeRoute),
    (rf"runs/{_RUN}/lineage", spending.LineageRoute),
    (rf"runs/{_RUN}/notebook", sources.NotebookRoute),
    (rf"runs/{_RUN}/samples", samples.SamplesRoute),
    (rf"runs/{_RUN}/reproduce", sources.ReproduceRoute),
    ("histories", runs.HistoriesRoute),
    ("names", runs.NamesRoute),
    ("compare", runs.CompareRoute),
    ("example", sources.ExampleRoute),
    ("pipelines/suggest", pipelines.SuggestRoute),
    ("pipelines/last", pipelines.LastRoute),
    (rf"pipelines/{_RUN}", pipelines.RunOfPipelineRoute),
    (rf"pipelines/{_RUN}/graph", pipelines.GraphRoute),
    (rf"pipelines/{_RUN}/log", logs.LogRoute),
    ("pipelines/check", pipelines.CheckRoute),
    ("pipelines/run", pipelines.ExecuteRoute),
    ("pipelines/sweep", pipelines.SweepRoute),
    ("pipelines/export", pipelines.ExportRoute),
    (rf"pipelines/{_RUN}/cancel", pipelines.CancelRoute),
    (rf"pipelines/{_RUN}/again", again.AgainRoute),
    (rf"pipelines/{_RUN}/debug", pipelines.DebugRoute),
    ("pipelines/defaults", sweeps.DefaultsRoute),
    (rf"sweeps/{_RUN}", sweeps.SweepOutcomeRoute),
    (rf"sweeps/{_RUN}/importance", sweeps.ImportanceRoute),
    ("sweeps/preview", sweeps.SweepPreviewRoute),
    ("models", models.ModelsRoute),
    ("models/promote", models.PromoteRoute),
    ("models/approve", models.ApproveRoute),
    ("models/describe", models.DescribeRoute),
    ("models/rollback", models.RollbackRoute),
    ("models/card", models.CardRoute),
    ("models/evaluation", models.EvaluationRoute),
    ("models/compare", models.CompareVersionsRoute),
    ("models/history", modelhistory.ModelHistoryRoute),
    ("monitoring", monitoring.MonitoringRoute),
    ("monitoring/history", monitoring.MonitoringHistoryRoute),
    ("monitoring/column", monitoring.MonitoringColumnRoute),
    ("monitoring/services", monitoring.MonitoringServicesRoute),
    ("datasets", datasets.DatasetsRoute),
    ("datasets/version", datasets.DatasetVersionRoute),
    ("datasets/verify", datasets.DatasetVerifyRoute),
    ("audit", models.AuditRoute),
    ("schedules", schedules.SchedulesRoute),
    ("schedules/detail", builder.DetailRoute),
    ("schedules/preview", builder.PreviewRoute),
    ("schedules/week", builder.WeekRoute),
    ("schedules/edit", builder.EditRoute),
    (r"schedules/(pause|resume|remove|run)", schedules.ScheduleRoute),
)


class NothingRoute(Route):
    """All that is no route, which is answered like any other problem and not with a page."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """There is nothing."""
        raise NotFound("there is no such route, or nothing of this name")

    post = patch = put = delete = get


def add_routes(app: Any) -> None:
    """Adds all routes to the server."""
    web_app = app.web_app
    base = web_app.settings["base_url"]
    web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "mlops-jlab", "api", path), handler)
            for path, handler in (*ROUTES, (".*", NothingRoute))
        ],
    )
