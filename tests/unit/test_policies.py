"""A policy: what is wrong in it is named by line; nobody gets around it; each breach is in the audit log."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.cli import serving
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.gates.rules import rule_of
from mlops_jlab.policies import explaining, packages, reading, standing
from mlops_jlab.policies.policy import Licences, Packages, Policy, fits
from mlops_jlab.policies.reading import BrokenPolicy
from mlops_jlab.policies.standing import PolicyBreach
from mlops_jlab.registry import samples, versions
from mlops_jlab.store import auditing, opening, permitting
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle

ME = lifecycle.who().partition("@")[0]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


def policy(place: Place, text: str) -> Path:
    place.root.mkdir(exist_ok=True)
    path = place.root / reading.FILE
    path.write_text(text)
    os.utime(path, ns=(1, hash(text) % 10**9))  # another time for another text
    return path


def frame() -> pd.DataFrame:
    x = list(range(60))
    return pd.DataFrame({"x": x, "y": [int(v % 7 > 3) for v in x]})


def registered() -> Any:
    data = frame()
    return mlops_jlab.register_model(
        LogisticRegression().fit(data[["x"]], data["y"]), "m", input_example=data[["x"]]
    )


def breaches(place: Place) -> list[str]:
    with opening.reading(place) as connection:
        return [e.reason for e in auditing.entries(connection) if e.action == permitting.REFUSED]


def points_at(place: Place) -> list[str]:
    return [alias for version in versions.all_versions(place) for alias in version.aliases]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("version: 1\nnane: x\n", 2, "'nane' is not known; did you mean 'name'?"),
        ("version: 1\npromotion:\n  - model: a\n    buy: [x]\n", 4, "'buy' is not known in promotion[1]; did you mean 'by'?"),
        ("version: 1\npromotion:\n  - by: anna\n", 3, "promotion[1].by must be array"),
        ("version: 1\npromotion:\n  - model: a\n", 3, "asks for nothing"),
        ("version: 1\npromotion:\n  - by: []\n", 3, "nobody may promote"),
        ("version: 1\npromotion:\n  - rules: [accuracy up]\n", 3, "accuracy"),
        ("version: 1\npromotion: []\npromotion: []\n", 3, "'promotion' stands there twice"),
        ("name: x\n", 1, "a policy needs version"),
        ("version: 2\n", 1, "a policy of version 2; known is 1"),
        ("version: '1'\n", 1, "version is '1'; known is 1"),
        ("version: true\n", 1, "version is True"),
        ("version: 1\nretention: {runs: -3}\n", 2, "retention.runs must be bigger than 0"),
        ("version: 1\nretention: {runs: .nan}\n", 2, "not a value"),
        ("version: 1\nretention: {predictions: {days: 3}}\n", 2, "retention.predictions needs folders"),
        ("version: 1\nlicences: {unknown: perhaps}\n", 2, "it is one of 'allow', 'deny'"),
        ("version: 1\npackages:\n  denied:\n    - 'torch <<2'\n", 4, "not a package as pip names it"),
        ("version: 1\nquotas:\n  - pipeline: a\n", 3, "quotas[1] needs month"),
        ("version: 1\nquotas:\n  - month: {money: much}\n", 3, "quotas[1].month.money must be number"),
        ("version: 1\nquotas:\n  - month: {}\n", 3, "quotas[1].month"),
        ("version: 1\npersonal: {masked: [a], hashed: [a]}\n", 2, "to be masked, and hashed"),
        ("version: 1\npersonal: {masked: [3]}\n", 2, "personal.masked[1] must be string"),
        ("version: 1\nname: &a x\npromotion: *a\n", 3, "promotion must be array"),
        ("version: 1\nx: &a [1]\ny: *a\n", 3, "refers to another place"),
        ("version: 1\nname: [\n", 3, "it is not valid YAML"),
        ("version: 1\nname: 'x\n", 3, "it is not valid YAML"),
        ("- version: 1\n", 1, "a policy must be object"),
        ("version: 1\nname: !!python/object/apply:os.system ['x']\n", 2, ""),
        ("\tversion: 1\n", 1, "it is not valid YAML"),
        ("version: 1\nname: " + "[" * 50 + "]" * 50 + "\n", 2, "nested too deep"),
        ("version: 1\nname: " + "[" * 5000 + "\n", 1, "its brackets are nested too deep"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_line(place: Place, text: str, line: int, words: str) -> None:
    path = policy(place, text)
    with pytest.raises(BrokenPolicy) as caught:
        reading.read(path, rule_of)
    assert f"{path}:{line}: " in caught.value.message, caught.value.message
    assert words in caught.value.message, caught.value.message
    assert isinstance(CliRunner().invoke(cli, ["policy", "check"]).exception, BrokenPolicy)


def test_a_file_that_is_no_text_and_a_link_to_nothing_are_broken_policies(place: Place) -> None:
    path = policy(place, "version: 1\n")
    path.write_bytes(b"version: 1\nname: \xff\n")
    with pytest.raises(BrokenPolicy, match=":2: it is not text"):
        reading.read(path)
    path.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert reading.read(path).version == 1
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(BrokenPolicy, match="leads to nothing"):
        standing.of(place.root)


def test_several_problems_are_told_at_once(place: Place) -> None:
    path = policy(place, "version: 1\npromotion:\n  - model: a\n  - by: []\npackages: {denied: ['<', ok]}\n")
    with pytest.raises(BrokenPolicy) as caught:
        reading.read(path)
    assert [line.split(":")[1] for line in caught.value.message.splitlines()] == ["3", "4", "5"]


WHOLE = """
version: 1
name: bank, 2026
promotion:
  - {model: 'm*', alias: champion, by: [anna, retraining], approval: {by: [bob], count: 1},
     rules: [accuracy above 0.7], override: [carl]}
data: {roots: [data]}
packages: {denied: ['torch<2']}
licences: {denied: ['AGPL*'], unknown: deny}
quotas: [{pipeline: churn, month: {money: 100}}]
retention: {runs: 90, artifacts: 30, predictions: {folders: [logs], days: 14}}
personal: {masked: [email], hashed: [iban]}
"""


def test_a_whole_policy_is_explained(place: Place) -> None:
    assert "there is no policy" in CliRunner().invoke(cli, ["policy", "check"]).output
    path = policy(place, WHOLE)
    done = CliRunner().invoke(cli, ["policy", "check"])
    assert done.exit_code == 0, done.output
    for words in ("in force", "bank, 2026", "m*@champion is moved by anna or retraining alone", "(line 5)",
                  "approved of by bob", "accuracy above 0.7", "overridden by carl alone", "torch<2", "AGPL*",
                  "a month of pipeline churn uses more than 100 money", "90 days", "after 14 days", "email"):  # fmt: skip
        assert words in done.output, words
    found = json.loads(CliRunner().invoke(cli, ["policy", "check", str(path), "--format", "json"]).output)
    assert found["quotas"][0]["money"] == 100
    assert len(found["asks"]) == len(explaining.sentences(reading.read(path)))
    assert json.loads(CliRunner().invoke(cli, ["policy", "schema"]).output)["required"] == ["version"]


def test_names_fit_whatever_their_case() -> None:
    assert fits("Email", ["e-mail", "EMAIL"])
    assert fits("work_email", ["*email"])
    assert not fits("emails", ["email"])


def _by_cli(_place: Place) -> None:
    raise CliRunner().invoke(cli, ["models", "promote", "m/1", "--override", "I want to"]).exception  # type: ignore[misc]


def _by_python(_place: Place) -> None:
    mlops_jlab.promote("m/1", override=True, reason="I want to")


def _by_registry(place: Place) -> None:
    versions.promote(place, "m/1", "champion")


def _as_a_schedule(place: Place) -> None:
    versions.promote(place, "m/1", "champion", by="retraining", reason="schedule x")


def _as_another(place: Place) -> None:
    versions.promote(place, "m/1", "champion", by=ME)


def _by_route(place: Place) -> None:
    from mlops_jlab.server.models import _promote

    _promote(place, {"model": "m", "version": 1, "override": True, "reason": "I want to"})


@pytest.mark.parametrize("road", [_by_cli, _by_python, _by_registry, _as_a_schedule, _by_route])
def test_who_may_not_promote_cannot_on_any_road(place: Place, road: Callable[[Place], None]) -> None:
    registered()
    policy(
        place, "version: 1\npromotion:\n  - {model: m, alias: champion, by: [somebody-else, retraining]}\n"
    )
    with pytest.raises(PolicyBreach):
        road(place)
    assert points_at(place) == []
    assert len(breaches(place)) == 1
    assert ("only a schedule" if road is _as_a_schedule else "policy.yaml:3") in breaches(place)[0]
    with opening.reading(place) as connection:
        assert not auditing.problem(connection)


def test_a_policy_that_is_broken_lets_nobody_promote_or_register(place: Place) -> None:
    registered()
    policy(place, "version: 1\npromotion: [}\n")
    for road in (_by_python, _by_registry, _as_a_schedule, _by_route):
        with pytest.raises(BrokenPolicy, match="policy.yaml:2"):
            road(place)
    with pytest.raises(BrokenPolicy):
        registered()
    assert points_at(place) == []
    assert len(versions.all_versions(place)) == 1


def test_other_aliases_and_models_are_not_spoken_of(place: Place) -> None:
    registered()
    policy(place, "version: 1\npromotion:\n  - {model: m, alias: champion, by: [somebody]}\n")
    versions.promote(place, "m/1", "shadow")
    assert points_at(place) == ["shadow"]


def test_rolling_back_and_taking_away_are_promotions_too(place: Place) -> None:
    registered()
    registered()
    versions.promote(place, "m/1")
    versions.promote(place, "m/2")
    policy(place, "version: 1\npromotion:\n  - {by: [somebody]}\n")
    with pytest.raises(PolicyBreach):
        versions.roll_back(place, "m")
    policy(place, f"version: 1\npromotion:\n  - {{by: ['{ME}'], gate: required, approval: {{count: 2}}}}\n")
    assert versions.roll_back(place, "m").after == 1  # it was champion before
    with pytest.raises(PolicyBreach, match="has to pass"):
        versions.roll_back(place, "m", "shadow", to=2) if "shadow" in points_at(place) else versions.promote(
            place, "m/2", "shadow"
        )


def test_an_approval_by_somebody_else_is_counted_once(place: Place) -> None:
    version = registered()
    policy(place, "version: 1\npromotion:\n  - {alias: champion, approval: {by: [bob, carl], count: 2}}\n")
    with pytest.raises(PolicyBreach, match="needs 2 approvals by bob, carl, and has 0"):
        versions.promote(place, "m/1")
    with pytest.raises(InputError, match="somebody else"):
        versions.approve(place, "m/1")
    for who in ("bob", "bob", "mallory"):
        with lifecycle.acting_as(who):
            versions.approve(place, "m/1", reason="looks well")
    with pytest.raises(PolicyBreach, match="and has 1"):
        versions.promote(place, "m/1")
    with lifecycle.acting_as("carl"):  # who promotes approves
        assert versions.promote(place, "m/1").after == version.version
    with opening.reading(place) as connection:
        assert [e.who.partition("@")[0] for e in auditing.entries(connection) if e.action == "approve"] == [
            "mallory",
            "bob",
            "bob",
        ]
        assert not auditing.problem(connection)


def test_an_approval_is_for_one_version_and_one_alias(place: Place) -> None:
    registered()
    registered()
    policy(place, "version: 1\npromotion:\n  - {approval: {by: [bob]}}\n")
    with lifecycle.acting_as("bob"):
        versions.approve(place, "m/1", "challenger")
    for address, alias in (("m/1", "champion"), ("m/2", "challenger")):
        with pytest.raises(PolicyBreach):
            versions.promote(place, address, alias)
    assert versions.promote(place, "m/1", "challenger").after == 1


def test_a_gate_has_to_pass_and_ask_what_is_required(place: Place) -> None:
    registered()
    policy(place, "version: 1\npromotion:\n  - {rules: ['accuracy above 0.2', size below 5 MB]}\n")
    with pytest.raises(PolicyBreach, match="has to ask: accuracy above 0.2; size below 5 MB"):
        versions.promote(place, "m/1")
    with pytest.raises(PolicyBreach):
        versions.promote(place, "m/1", override=True, reason="I know better")
    gate.compare(
        "m/1",
        frame(),
        "y",
        name="m",
        rules="accuracy above 0.1\nsize below 4 MB",
        bootstrap=True,
        importance=False,
    )
    with pytest.raises(PolicyBreach, match=r"has to ask: accuracy above 0.2 \("):
        versions.promote(place, "m/1")
    gate.compare(
        "m/1",
        frame(),
        "y",
        name="m",
        rules="accuracy above 0.25\nsize  below 5 MB",
        bootstrap=True,
        importance=False,
    )
    assert versions.promote(place, "m/1").after == 1


def test_who_may_override_does_so_with_a_reason(place: Place) -> None:
    registered()
    gate.compare("m/1", frame(), "y", name="m", rules="accuracy above 0.99", bootstrap=True, importance=False)
    policy(place, "version: 1\npromotion:\n  - {gate: required, override: [carl]}\n")
    with pytest.raises(PolicyBreach, match="may not override"):
        versions.promote(place, "m/1", override=True, reason="x")
    with lifecycle.acting_as("carl"):
        assert versions.promote(place, "m/1", override=True, reason="the data were late").after == 1


def test_a_new_policy_is_in_the_audit_log_and_so_is_one_that_is_gone(place: Place) -> None:
    registered()
    path = policy(place, "version: 1\nname: first\n")
    versions.promote(place, "m/1")
    path.unlink()
    versions.promote(place, "m/1", "shadow")
    with opening.reading(place) as connection:
        actions = [(e.action, e.details.get("name")) for e in reversed(auditing.entries(connection))]
    assert ("policy changed", "first") in actions
    assert ("policy taken away", "") in actions


def test_packages_and_licences() -> None:
    found = {
        "torch": {"version": "1.9", "licence": "BSD-3-Clause"}, "gplish": {"version": "1", "licence": "GPL-3.0"},
        "free": {"version": "1", "licence": "MIT OR GPL-3.0"}, "both": {"version": "1", "licence": "MIT AND GPL-3.0"},
        "silent": {"version": "1", "licence": ""}, "scipy": {"version": "1", "licence": "BSD-3-Clause AND GPL-3.0 WITH GCC-exception-3.1"},
    }  # fmt: skip

    def of(**given: Any) -> str:
        return "; ".join(packages.breaches(Policy(**given), [], found))

    assert "torch 1.9 is not allowed: the policy denies Torch<2" in of(packages=Packages(denied=("Torch<2",)))
    assert not of(packages=Packages(denied=("torch>=2",)))
    allowed = of(packages=Packages(allowed=("torch", "gplish")))
    assert "free 1 is not among" in allowed
    assert "torch" not in allowed
    asked = [
        "torch",
        "gplish>1",
        "free[extra]==1",
        "--index-url=https://elsewhere",
        "evil @ https://elsewhere/e.whl",
    ]
    strict = packages.breaches(Policy(packages=Packages(allowed=("torch", "gplish<3", "free==1"))), asked, {})
    assert [one.partition(" is not among")[0] for one in strict] == ["gplish", asked[3], "evil"]
    denied = packages.breaches(Policy(packages=Packages(denied=("torch<2", "Evil"))), asked, {})
    assert [one.partition(" is not allowed")[0] for one in denied] == ["torch", "evil"]
    denied = of(licences=Licences(denied=("GPL*",)))
    assert "gplish" in denied
    assert "both" in denied
    assert "free" not in denied
    only = of(licences=Licences(allowed=("mit", "bsd*", "GPL-3.0 WITH GCC-exception-3.1")))
    assert "gplish" in only
    assert "scipy" not in only
    assert "silent says nothing" in of(licences=Licences(unknown=False))


def test_a_model_that_was_made_with_a_denied_package_is_not_registered(place: Place) -> None:
    policy(place, "version: 1\npackages: {denied: [scikit-learn]}\n")
    with pytest.raises(PolicyBreach, match=r"scikit-learn .* is not allowed"):
        registered()
    assert versions.all_versions(place) == []
    assert len(breaches(place)) == 1
    policy(
        place, "version: 1\npackages: {denied: [pytest]}\n"
    )  # it was imported, though the model needs none
    with pytest.raises(PolicyBreach, match="pytest"):
        registered()
    policy(place, "version: 1\nlicences: {denied: ['AGPL*']}\n")
    assert "scikit-learn" in registered().about["imported"]


def test_data_from_elsewhere_are_refused_at_each_door(place: Place, tmp_path: Path) -> None:
    with mlops_jlab.start_run():
        pass
    inside, outside = tmp_path / "data" / "a.csv", tmp_path / "elsewhere" / "a.csv"
    for path in (inside, outside):
        path.parent.mkdir()
        frame().to_csv(path, index=False)
    (inside.parent / "link.csv").symlink_to(outside)
    mlops_jlab.add_dataset("old", outside)
    policy(place, "version: 1\ndata: {roots: [data]}\n")
    assert mlops_jlab.profile(inside).rows == 60
    mlops_jlab.add_dataset("d", inside)
    for call in (
        lambda: mlops_jlab.profile(outside), lambda: mlops_jlab.add_dataset("e", outside),
        lambda: mlops_jlab.dataset("old"), lambda: mlops_jlab.profile(inside.parent / "link.csv"),
        lambda: mlops_jlab.profile(inside.parent / ".." / "elsewhere" / "a.csv"),
        lambda: mlops_jlab.add_dataset("e", outside.parent / "*.csv"),
    ):  # fmt: skip
        with pytest.raises(PolicyBreach, match="does not allow data from"):
            call()
    done = CliRunner().invoke(cli, ["data", "profile", str(outside)])
    assert isinstance(done.exception, PolicyBreach)
    assert len(breaches(place)) == 7


def test_no_personal_column_is_kept_beside_a_model_or_in_a_prediction_log(place: Place) -> None:
    assert samples.FILE in {file.path for file in registered().files}  # what it said of its example
    policy(place, "version: 1\npersonal: {masked: [x]}\n")
    assert samples.FILE not in {file.path for file in registered().files}
    assert serving.personal("m", ()) == ["x"]
    assert serving.personal("m", ("x",)) == []  # it is hashed already
