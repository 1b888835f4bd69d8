"""Which solver of which peer runs on which problem, and with what tolerance.

`peer_settings.json` records what `python -m benchmarks._search` found: for each problem, gap and
solver the loosest tolerance of its ladder that reached the gap, with the seconds it took then.
A run of the benchmarks takes the fastest solver of each peer, and every solver that was within
1.5 times of the fastest of all; a peer whose best was over LEAST_CHANCE times slower than the
fastest is named in the table but not run.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks._peers import ladder

FILE = Path(__file__).parent / "peer_settings.json"
NEAR = 1.5
LEAST_CHANCE = 3.0
MOST_ENTRANTS = 5


@dataclass(frozen=True)
class Entrant:
    """A peer with a solver, the features as it likes them, and a tolerance."""

    peer: str
    solver: str = ""
    dtype: str = "float32"
    sparse: bool | None = None
    tol: float = 1e-6

    @property
    def title(self):
        kind = {None: "", True: ", sparse", False: ", dense"}[self.sparse]
        return f"{self.peer} {self.solver}, {self.dtype}{kind}, tol {self.tol:g}"

    @property
    def place(self):
        """Return what decides whether two entrants can share a process."""
        return self.peer, self.dtype, self.sparse

    @property
    def settings(self):
        return {"solver": self.solver, "tol": self.tol}

    @property
    def tolerances(self):
        """Return the recorded tolerance and the tighter ones of the ladder."""
        return (self.tol, *(t for t in ladder(self.peer, self.solver) if t < self.tol))


def entrants_for(problem_name, gap):
    """Return (entrants, lines that name the peers left out and why)."""
    found = _recorded().get(problem_name, {}).get(f"{gap:g}", [])
    never = {one["peer"] for one in found}
    found = sorted((one for one in found if one["seconds"] is not None), key=_seconds)
    never -= {one["peer"] for one in found}
    case = f"{problem_name}, to {gap:g}"
    note = (
        "not run: no setting reached the gap in three times the fastest peer's time in the search"
    )
    left_out = [{"case": case, "contestant": peer, "note": note} for peer in sorted(never)]
    field, seen = [], set()
    least = _seconds(found[0]) if found else 0.0
    for one in found:
        entrant = Entrant(one["peer"], one["solver"], one["dtype"], one["sparse"], one["tol"])
        best_of_peer = one["peer"] not in seen
        seen.add(one["peer"])
        chance = _seconds(one) <= least * (LEAST_CHANCE if best_of_peer else NEAR)
        if chance and len(field) < MOST_ENTRANTS:
            field.append(entrant)
        elif best_of_peer:
            times = _seconds(one) / least
            note = f"not run: {times:.1f} times the fastest peer's time in the search"
            left_out.append({"case": case, "contestant": entrant.title, "note": note})
    return field, left_out


def record(problem_name, found):
    """Put what the search found on a problem into the file."""
    settings = dict(_recorded())
    settings[problem_name] = found
    part = FILE.with_suffix(".part")
    part.write_text(json.dumps(dict(sorted(settings.items())), indent=1) + "\n")
    part.replace(FILE)
    _recorded.cache_clear()


@cache
def _recorded():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def _seconds(one):
    return one["seconds"]
