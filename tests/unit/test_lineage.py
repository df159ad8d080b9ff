"""Where things come from and went: traced both ways, and written so that other tools' own libraries read it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from openlineage.client import event_v2, serde
from openlineage.client.facet_v2 import parent_run, schema_dataset, source_code_job
from prov.model import ProvActivity, ProvDocument, ProvEntity, ProvUsage
from rocrate.rocrate import ROCrate
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.lineage import crate, openlineage, prov, texts, tracing
from mlops_jlab.lineage.graph import Kind, Lineage
from mlops_jlab.registry import versions
from mlops_jlab.store import usedfiles
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle

CELLS = [("c1", "step:train", "x = 1"), ("c2", "", "y = 2"), ("c3", "step:train gate", "z = 'ü'")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


@pytest.fixture
def made(place: Place, tmp_path: Path) -> dict[str, Any]:
    """A pipeline's run with a step that reads data and registers a champion, as the engine keeps it."""
    frame = pd.DataFrame({"a": range(40), "y": [k % 2 for k in range(40)]})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "side.txt").write_text("more")
    data = mlops_jlab.add_dataset("rows", tmp_path / "rows.csv")
    with lifecycle.start(
        name="churn-1", kind="pipeline", tags={"pipeline": "churn@1"}, source=tmp_path / "nb.ipynb"
    ) as whole:
        whole.log_param("depth", 3)
        with lifecycle.start(
            name="train", kind="step", parent=whole.id, source=tmp_path / "nb.ipynb", provenance=False
        ) as step:
            mlops_jlab.dataset("rows")
            step.log_input(frame, "train")
            step.add_facts({usedfiles.FACT: usedfiles.noted([str(tmp_path / "side.txt")], [])})
            cells = [
                {"cell_type": "code", "id": name, "source": text, "metadata": {"tags": tags.split()}}
                for name, tags, text in CELLS
            ]
            step.log_text(json.dumps({"cells": cells}), "executed/train.ipynb")
            model = LogisticRegression().fit(frame[["a"]], frame["y"])
            mlops_jlab.register_model(model, "churn", input_example=frame[["a"]], data=frame)
    whole.recorder.flush()
    versions.promote(place, "churn/1")
    return {"run": whole.id, "step": step.id, "data": data}


def names(found: Lineage, *kinds: Kind) -> list[str]:
    return sorted(node.name for node in found.of(*kinds))


def test_from_a_model_back_to_run_cells_data_and_files(place: Place, made: dict[str, Any]) -> None:
    found = tracing.trace(place, "churn@champion")
    assert found.root == "model:churn/1"
    assert names(found, Kind.RUN) == ["churn-1"]
    assert names(found, Kind.STEP) == ["train"]
    assert [cell["id"] for cell in found.of(Kind.STEP)[0].about["cells"]] == ["c1", "c3"]
    assert names(found, Kind.FILE) == ["side.txt"]
    assert names(found, Kind.DATA) == ["rows 1", "train"]
    step = found.of(Kind.STEP)[0].id
    assert {node.kind for node in found.into(step, "read")} == {Kind.DATA, Kind.FILE}
    assert [node.name for node in found.out_of(step, "made")] == ["churn/1"]
    assert found.nodes[found.root].about["aliases"] == ["champion"]
    text = texts.as_text(found)
    for words in ("model churn/1, champion", "cells c1 c3", "rows.csv", "side.txt", "nb.ipynb"):
        assert words in text, text


@pytest.mark.parametrize("wanted", ["churn/1", "churn", "run", "step", "rows@latest", "file", "copy", "gone"])
def test_every_end_leads_to_the_whole(
    place: Place, made: dict[str, Any], wanted: str, tmp_path: Path
) -> None:
    side = tmp_path / "side.txt"
    (tmp_path / "copy.txt").write_bytes(side.read_bytes())
    if wanted == "gone":
        side.unlink()
    given = {**made, "file": str(side), "gone": str(side), "copy": str(tmp_path / "copy.txt")}.get(
        wanted, wanted
    )
    found = tracing.trace(place, given)
    assert names(found, Kind.MODEL) == ["churn/1"]
    assert names(found, Kind.RUN, Kind.STEP) == ["churn-1", "train"]
    assert found.into(found.root) or found.out_of(found.root)


def test_what_is_not_there_is_not_found(place: Place, made: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "strange.bin").write_bytes(b"x")
    assert names(tracing.trace(place, str(tmp_path / "strange.bin")), Kind.RUN, Kind.STEP) == []
    for wanted in ("nothing", "nothing@champion", "churn/9", str(tmp_path / "nothing.csv")):
        with pytest.raises(NotFound):
            tracing.trace(place, wanted)


def test_a_prediction_is_found_in_its_log(place: Place, made: dict[str, Any], tmp_path: Path) -> None:
    log = tmp_path / "predictions"
    log.mkdir()
    (log / "log.json").write_text('{"model": "churn"}')
    lines = ['{"broken', json.dumps({"_id": "p-1", "_version": 1, "_at": 1.8e9, "a": 3, "prediction": 1})]
    (log / "predictions-1.jsonl").write_text("\n".join(lines) + "\n")
    found = tracing.trace(place, "p-1", log=log)
    assert found.root == "prediction:p-1"
    assert names(found, Kind.RUN) == ["churn-1"]
    assert "a" not in found.nodes[found.root].about  # what was asked is not repeated
    assert json.loads(
        CliRunner().invoke(cli, ["lineage", "p-1", "--log", str(log), "--format", "json"]).output
    )["root"]
    with pytest.raises(NotFound, match="p-2"):
        tracing.trace(place, "p-2", log=log)
    with pytest.raises(InputError, match="not a folder of predictions"):
        tracing.trace(place, "p-1", log=tmp_path / "none")


def test_events_are_those_of_openlineages_own_library(place: Place, made: dict[str, Any]) -> None:
    events = openlineage.events(tracing.trace(place, "churn/1"))
    assert [event["eventType"] for event in events] == ["START", "START", "COMPLETE", "COMPLETE"]
    for event in events:
        own = event_v2.RunEvent(  # its validators raise where a field is not what the specification says
            eventTime=event["eventTime"], producer=event["producer"], eventType=event_v2.RunState(event["eventType"]),
            run=event_v2.Run(event["run"]["runId"]), job=event_v2.Job(event["job"]["namespace"], event["job"]["name"]),
            inputs=[event_v2.InputDataset(d["namespace"], d["name"]) for d in event["inputs"]],
            outputs=[event_v2.OutputDataset(d["namespace"], d["name"]) for d in event["outputs"]],
        )  # fmt: skip
        theirs = json.loads(serde.Serde.to_json(own))
        assert theirs["schemaURL"] == event["schemaURL"]
        assert set(theirs) <= {*event, "inputs", "outputs"}
        assert theirs["job"]["name"] == event["job"]["name"]
    done = next(e for e in events if e["eventType"] == "COMPLETE" and e["job"]["name"] == "churn.train")
    parent = done["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == str(uuid.UUID(hex=made["run"]))
    facets = {
        "parent": parent_run.ParentRunFacet(
            parent_run.Run(parent["run"]["runId"]), parent_run.Job(**parent["job"])
        ),
        "sourceCode": source_code_job.SourceCodeJobFacet(language="PYTHON", sourceCode="x"),
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields("a", "int64")]
        ),
    }
    ours = {**done["run"]["facets"], **done["job"]["facets"]}
    ours |= {k: v for d in done["inputs"] for k, v in d["facets"].items()}
    for name, facet in facets.items():
        theirs = serde.Serde.to_dict(facet)
        assert ours[name]["_schemaURL"] == theirs["_schemaURL"], name
        assert set(theirs) <= set(ours[name]) | {"root", "tags"}, name
    assert "c3" in ours["sourceCode"]["sourceCode"]
    assert {d["name"] for d in done["outputs"]} == {"model:churn/1"}
    assert any(d["name"] == "data:rows 1" for d in done["inputs"])


def test_the_document_is_read_by_the_library_of_prov(place: Place, made: dict[str, Any]) -> None:
    written = prov.document(tracing.trace(place, "churn/1"))
    read = ProvDocument.deserialize(content=json.dumps(written), format="json")
    assert len(list(read.get_records(ProvActivity))) == 2
    assert len(list(read.get_records(ProvEntity))) == len(written["entity"])
    assert len(list(read.get_records(ProvUsage))) == len(written["used"]) >= 3
    known = {str(record.identifier) for record in read.get_records() if record.identifier}
    for kind in ("used", "wasGeneratedBy", "wasAssociatedWith", "wasInformedBy"):
        for relation in written[kind].values():
            assert set(relation.values()) <= known, (kind, relation)
    again = ProvDocument.deserialize(content=read.serialize(format="json"), format="json")
    assert again == read
    assert read.get_provn()


def test_the_crate_is_read_by_the_library_of_ro_crate(
    place: Place, made: dict[str, Any], tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        cli, ["lineage", "churn/1", "--format", "ro-crate", "-o", str(tmp_path / "crate")]
    )
    assert done.exit_code == 0, done.output
    read = ROCrate(str(tmp_path / "crate"))
    assert read.root_dataset["name"] == "Lineage of model churn/1"
    actions = {one["name"]: one for one in read.get_by_type("CreateAction")}
    assert set(actions) == {"churn-1", "train"}
    assert [one["name"] for one in actions["train"]["result"]] == ["churn/1"]
    assert {one["name"] for one in actions["train"]["object"]} == {"rows 1", "train", "side.txt"}
    known = {entity.id for entity in read.get_entities()}
    text = json.loads((tmp_path / "crate" / crate.METADATA).read_text())
    for entity in text["@graph"]:
        for key, value in entity.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and "@id" in one and not one["@id"].startswith("http"):
                    assert one["@id"] in known, (entity["@id"], key, one)
    model = read.dereference("models/churn/1/model.skops")
    assert model is not None
    assert (tmp_path / "crate" / "models" / "churn" / "1" / "model.skops").is_file()
    read.write(tmp_path / "again")
    assert ROCrate(str(tmp_path / "again")).root_dataset["name"] == read.root_dataset["name"]
    again = CliRunner().invoke(
        cli, ["lineage", "churn/1", "--format", "ro-crate", "-o", str(tmp_path / "crate")]
    )
    assert isinstance(again.exception, InputError)


@pytest.mark.parametrize("style", ["text", "json", "openlineage", "prov", "ro-crate"])
def test_the_command_writes_each_form_to_the_screen_or_a_file(
    place: Place, made: dict[str, Any], style: str, tmp_path: Path
) -> None:
    shown = CliRunner().invoke(cli, ["lineage", made["run"][:10], "--format", style])
    assert shown.exit_code == 0, shown.output
    assert "churn" in shown.output
    if style != "ro-crate":
        target = tmp_path / "out.json"
        CliRunner().invoke(cli, ["lineage", made["run"][:10], "--format", style, "-o", str(target)])
        assert target.read_text() == shown.output
