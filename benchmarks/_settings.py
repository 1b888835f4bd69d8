"""Which solver of which peer runs on which problem, and with what tolerance.

`peer_settings.json` holds, for each problem, gap and solver, the loosest tolerance of its ladder
that reached the gap, the seconds it took, and where that comes from: "search" (`python -m
benchmarks._search`), "run" (a run of the benchmarks went down the ladder from an estimate; without
a tolerance, no rung reached the gap), "trial" (an early look at few tolerances, one thread, a busy
machine) or "estimate" (never measured on this problem: a place to start).  Every run verifies the
gap and goes down the ladder where it is missed.  A tolerance that is tighter than it need be would
slow the peer down, so that trials and estimates start one rung looser.

A run of the benchmarks takes the fastest solver of each peer, and every solver that was within
1.5 times of the fastest of all; a peer whose best was over LEAST_CHANCE times slower than the
fastest is named in the table but not run.  Nobody is left out on an estimate.
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
    searched: bool = True

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
        """Return the tolerances to try, loose to tight, until one reaches the gap."""
        rungs = ladder(self.peer, self.solver)
        looser = [] if self.searched else [tol for tol in rungs if tol > self.tol][-1:]
        return (*looser, self.tol, *(tol for tol in rungs if tol < self.tol))


def entrants_for(problem_name, gap):
    """Return (entrants, lines that name the peers left out and why)."""
    found = _recorded().get(problem_name, {}).get(f"{gap:g}", [])
    never = {one["peer"] for one in found}
    found = sorted((one for one in found if one["seconds"] is not None), key=_seconds)
    never -= {one["peer"] for one in found}
    case = f"{problem_name}, to {gap:g}"
    note = "not run: no setting reached the gap within the limits of the search"
    left_out = [{"case": case, "contestant": peer, "note": note} for peer in sorted(never)]
    estimated = any(one["source"] == "estimate" for one in found)
    field, seen = [], set()
    least = _seconds(found[0]) if found else 0.0
    for one in found:
        entrant = Entrant(
            **{name: one[name] for name in ("peer", "solver", "dtype", "sparse", "tol")},
            searched=one["source"] in ("search", "run"),
        )
        best_of_peer = one["peer"] not in seen
        seen.add(one["peer"])
        chance = _seconds(one) <= least * (LEAST_CHANCE if best_of_peer else NEAR)
        chance = chance or (best_of_peer and estimated)
        if chance and len(field) < MOST_ENTRANTS:
            field.append(entrant)
        elif best_of_peer:
            times = _seconds(one) / least
            note = f"not run: {times:.1f} times the fastest peer's time when settings were searched"
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
