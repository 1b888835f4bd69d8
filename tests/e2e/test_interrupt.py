"""Ctrl-C while a linear model is being fitted, and forks beside busy threads.

No clock is looked at.  The fit tells each of its steps on stderr, the signal is sent after the
second, and hardly another may follow.
"""

import json
import os
import signal
import subprocess
import sys

import pytest

# Badly scaled features, so that many steps are needed, each long enough to be interrupted in.
FIT = """
import json, sys, warnings
import numpy as np
from headway import LinearClassifier

rng = np.random.default_rng(0)
n, d, k = 40_000, 300, 10
X = rng.normal(size=(n, d)).astype(np.float32)
X *= np.logspace(0, -3, d, dtype=np.float32)
y = np.argmax(X @ rng.normal(size=(d, k)) / np.logspace(0, -3, d)[:, None].mean()
              + rng.gumbel(size=(n, k)), axis=1)
model = LinearClassifier(head=sys.argv[1], C=1e6, tol=1e-13, max_iter=10_000, verbose=1)

def objective():
    losses = model.head_.loss.value(model.logits(X), np.eye(k)[y])
    return float(losses.sum() + (model.coef_ ** 2).sum() / (2 * model.C))

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    returned = model.fit(X, y)
print("returned", file=sys.stderr, flush=True)
told = {
    "itself": returned is model,
    "interrupted": model.interrupted_,
    "steps": model.n_iter_,
    "gap": model.optimality_gap_,
    "objective": model.objective_,
    "objective_of_weights": objective(),
    "warnings": [f"{w.category.__name__}: {w.message}" for w in caught],
}
# The threads of the core are as ready as before.
model.set_params(warm_start=True, max_iter=1, verbose=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    model.fit(X, y)
told["after_one_more"] = objective()
told["constant"] = float(n * np.log(k))
print(json.dumps(told))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_ctrl_c_ends_a_fit_at_once_and_keeps_the_best_weights(head):
    process = subprocess.Popen(
        [sys.executable, "-c", FIT, head],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    lines = iter(process.stderr.readline, "")
    before = []
    for line in lines:
        before.append(line)
        if line.startswith("step 2:"):
            break
    process.send_signal(signal.SIGINT)
    after = []
    for line in lines:
        after.append(line)
        if line.startswith("returned"):
            break
    out, rest = process.communicate()
    assert process.returncode == 0, "".join([*before, *after, rest])
    # The line of the step that was under way may have been written already.
    assert sum(line.startswith("step") for line in after) <= 1, after
    told = json.loads(out)
    assert told["itself"]
    assert told["interrupted"]
    assert told["steps"] <= 4
    assert [w for w in told["warnings"] if w.startswith("ConvergenceWarning: Interrupted")]
    assert told["objective_of_weights"] == pytest.approx(told["objective"], rel=1e-5)
    assert told["objective"] < told["constant"]
    assert told["after_one_more"] <= told["objective"] * (1 + 1e-9)
    assert not told["gap"] < 0


FORK = """
import os, threading, warnings
import numpy as np
from threadpoolctl import threadpool_limits
from headway import LinearClassifier, softmax

rng = np.random.default_rng(0)
X = rng.normal(size=(3000, 20)).astype(np.float32)
y = np.argmax(X[:, :4], axis=1)
model = LinearClassifier().fit(X, y)
predictor = model.predictor()
row, logits = X[:1], rng.normal(size=(200_000, 10)).astype(np.float32)
expected = predictor.predict_proba(row)
warnings.simplefilter("ignore")  # newer Pythons warn of any fork beside threads
stop = threading.Event()

def predict():
    while not stop.is_set():
        predictor.predict_proba(X)

def spread():
    while not stop.is_set():
        softmax(logits)  # holds the core's workers

threads = [threading.Thread(target=work, daemon=True) for work in (predict, spread)]
with threadpool_limits(4):
    for thread in threads:
        thread.start()
    for _ in range(30):
        child = os.fork()
        if child == 0:
            same = (predictor.predict_proba(row) == expected).all()
            ones = np.allclose(softmax(logits).sum(axis=1), 1)
            os._exit(0 if same and ones else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
stop.set()
for thread in threads:
    thread.join()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_beside_busy_threads_predicts_the_same():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr
