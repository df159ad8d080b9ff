"""Makes the answers that the programs are compared with: those of Run All in one ordinary kernel.

    python tests/data/programs/golden.py             answers what has no answer yet, or another text now
    python tests/data/programs/golden.py --check     answers all again and says what came out different
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.programs import THEMES, Answer, Program, as_json, difference, emptied, golden, read, run_all


def answered(program: Program, base: Path) -> Answer:
    """Run All's answer, from a folder of that name in which nothing lies."""
    folder = emptied(base / program.theme / program.name / "cwd")
    try:
        return run_all(program.notebook(tagged=False), folder)
    except Exception as error:
        raise RuntimeError(f"{program.theme}/{program.name} cannot be run: {error}") from error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("themes", nargs="*", help="only these files of programs, by name")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not as kept")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    strange = 0
    with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(asked.jobs) as pool:
        for path in THEMES:
            if asked.themes and path.stem not in asked.themes:
                continue
            programs, kept = read(path), golden(path)
            wanted = [p for p in programs if asked.check or p.name not in kept]
            fresh = dict(zip([p.name for p in wanted], pool.map(lambda p: answered(p, Path(base)), wanted), strict=True))
            if asked.check:
                for name, answer in fresh.items():
                    what = difference(kept[name], answer) if name in kept else "no answer is kept"
                    strange += bool(what)
                    print(f"{path.stem}/{name}: {what}" if what else f"{path.stem}/{name}: as kept")
                continue
            answers = {**kept, **fresh}
            nodes = {p.name: {"of": p.digest, **{"outputs": {}}, **as_json(answers[p.name])} for p in programs}
            text = json.dumps(nodes, indent=1, ensure_ascii=False, sort_keys=True)
            path.with_suffix(".json").write_text(text + "\n", "utf-8")
            print(f"{path.stem}: {len(fresh)} of {len(programs)} answered anew", flush=True)
            for name, answer in fresh.items():
                if answer.ename:
                    print(f"  {name} stops in {answer.stopped} with {answer.ename}: {answer.message[:150]}")
    return strange


if __name__ == "__main__":
    raise SystemExit(main())
