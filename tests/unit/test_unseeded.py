"""What depends on an unseeded draw, told from the records of a run."""

from __future__ import annotations

from dataclasses import replace

from mlops_jlab.engine.proof.unseeded import Unseeded, unseeded
from mlops_jlab.handoff.records import StepRecord, Taken, Written


def step(
    name: str, position: int, *, takes: str = "", writes: str = "", frm: str = "", chance: str = ""
) -> StepRecord:
    return StepRecord(
        "pipeline", name, position,
        takes={one: Taken(frm, "1") for one in takes.split()},
        writes={one: Written("1", "o") for one in writes.split()},
        chance=tuple(chance.split()),
    )  # fmt: skip


DRAWS = step("draw", 0, writes="x y", chance="chance")


def test_without_a_draw_everything_is_compared() -> None:
    assert unseeded([step("a", 0, writes="x"), step("b", 1, takes="x", frm="a")]) == Unseeded()


def test_a_draw_that_was_observed_makes_all_that_the_step_made_chance() -> None:
    found = unseeded([DRAWS, step("other", 1, writes="z")])
    assert (found.steps, found.names) == ({"draw"}, {"x", "y"})


def test_a_global_generator_that_nobody_seeded_is_a_draw() -> None:
    drawn = Written("1", "o", by_chance=True)
    found = unseeded([StepRecord("pipeline", "draw", 0, writes={"x": Written("1", "o"), "~random": drawn})])
    assert found.steps == {"draw"}
    assert "x" in found.names


def test_chance_goes_on_through_what_steps_take_whatever_the_order_of_the_records() -> None:
    records = [
        step("third", 2, takes="b", frm="second", writes="c"),
        step("second", 1, takes="x", frm="draw", writes="b"),
        step("free", 3, takes="k", frm="start", writes="d"),
        DRAWS,
    ]
    found = unseeded(records)
    assert found.steps == {"draw", "second", "third"}
    assert found.names == {"x", "y", "b", "c"}


def test_the_draw_below_does_not_touch_what_stands_above() -> None:
    found = unseeded([step("a", 0, writes="k"), replace(DRAWS, position=1), step("b", 2, takes="k", frm="a")])
    assert found.steps == {"draw"}


def test_a_name_that_a_step_free_of_chance_binds_anew_is_compared() -> None:
    found = unseeded([DRAWS, step("b", 1, writes="x")])
    assert found.names == {"y"}
    assert unseeded([DRAWS, replace(step("b", 1), deleted=("y",))]).names == {"x"}


def test_chance_goes_on_through_a_file_until_it_is_written_anew() -> None:
    writes = replace(DRAWS, files_written=("/data/t.csv",))
    reads = replace(step("b", 1, writes="b"), files_read=("/data/t.csv",))
    assert unseeded([writes, reads]).steps == {"draw", "b"}
    anew = replace(step("n", 1), files_written=("/data/t.csv",))
    assert unseeded([writes, anew, replace(reads, position=2)]).steps == {"draw"}
    added = replace(anew, files_read=("/data/t.csv",))
    assert unseeded([writes, added, replace(reads, position=2)]).steps == {"draw", "n", "b"}


def test_who_may_read_anything_depends_on_a_draw_above_alone() -> None:
    below, above = step("wide", 1, writes="w"), step("wide", -1, writes="w")
    assert unseeded([DRAWS, below], {"wide"}).steps == {"draw", "wide"}
    assert unseeded([DRAWS, above], {"wide"}).steps == {"draw"}


def test_what_setup_draws_makes_the_values_of_setup_chance() -> None:
    one = replace(step("a", 0, writes="x", chance="chance"), setup={"noise": "1", "x": "2"})
    two = replace(step("b", 1, writes="z", chance="chance"), setup={"noise": "1"})
    assert unseeded([one, two]).names == {"noise", "x", "z"}
    assert "noise" not in unseeded([one, replace(two, chance=())]).names
