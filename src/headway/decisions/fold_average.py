"""Thresholds that do not follow the luck of a few rows: averaged over folds, drawn together.

    found[f] = the best threshold of the rows outside fold f

Among many cuts, that of the luckiest rows wins, most of all for rare labels.  Hence

    z = mean over the folds of log-odds(found)
    log-odds(t) = (e z + 10 z_all) / (e + 10)

with e the weight of the label's positives (or negatives, if those are rarer) and z_all the log-odds
of the best single threshold for the cells of all labels together.  Averaging over folds is Fan and
Lin's; drawing labels with few events towards all others is Efron and Morris's shrinkage, ten
events being what one fitted number takes (Peduzzi and others).  On cross-fitted probabilities of
the training parts, tuned on two thirds of the rows and scored on the third, macro-F1 was (mean of
3 to 9 such splits, and their standard deviation)

                      0.5            best cut       averaged       averaged and drawn
    emotions   391    0.603 0.009    0.651 0.017    0.654 0.014    0.654 0.014
    birds      322    0.236 0.006    0.238 0.013    0.237 0.013    0.248 0.007
    bibtex    4880    0.229 0.001    0.379 0.001    0.383 0.001    0.383 0.001
    tmc2007  21519    0.567 0.001    0.616 0.000    0.615 0.000    0.615 0.000

Giving up on labels of low F1 (Yang's SCutFBR) cost 0.01 to 0.04 on bibtex, where most are rare.

A promised precision takes the highest threshold found in any fold, a promised recall the lowest: on
the third of the rows of tmc2007, 0.7 was kept for 21 and 22 of 22 labels, by best cuts for 11 and
16, by averages for 11 and 17.

The traps are the ends: "never" is a threshold of 1, which has no log-odds, and an outlier of any
average.  Beyond the outermost scores of a label all thresholds decide alike, so that they count
as these.
"""

import numpy as np

from headway.decisions.sweep import Sweep

__all__ = ["averaged_thresholds", "cautious_thresholds"]

EVENTS_OF_ONE_NUMBER = 10.0
SMALLEST = 1e-12  # closer to 0 and 1 no log-odds are averaged


def averaged_thresholds(found: np.ndarray, whole: Sweep, shared: float, /) -> np.ndarray:
    """Return one threshold for each label: averaged, and drawn towards the shared one.

    Parameters
    ----------
    found : float array of shape (folds, L)
        The best threshold of the rows outside each fold; NaN where these say nothing.
    whole : Sweep
        Of all rows.
    shared : float
        The best threshold for all labels together.

    Returns
    -------
    float64 array of shape (L,)
        1 where most folds have it so; `shared` where no fold says anything, or there are no
        events.

    References
    ----------
    Fan and Lin (2007), "A Study on Threshold Selection for Multi-label Classification", National
    Taiwan University.  Yang (2001), "A Study on Thresholding Strategies for Text
    Categorization", SIGIR.  Efron and Morris (1975), "Data Analysis Using Stein's Estimator and
    its Generalizations", JASA 70.  Peduzzi and others (1996), "A Simulation Study of the Number
    of Events per Variable in Logistic Regression Analysis", J. Clinical Epidemiology 49.

    Examples
    --------
    Log-odds of 1/4 and of 4 average to 0; with 2 events, these are drawn by 10 / 12 towards
    those of 0.8, which are log 4:

    >>> from headway.decisions.sweep import sweep
    >>> probs = np.array([[0.9], [0.8], [0.2], [0.1]])
    >>> whole = sweep(probs, np.array([[1], [0], [1], [0]]), np.ones((4, 1)))
    >>> averaged_thresholds(np.array([[0.2], [0.8]]), whole, 0.8).round(4)
    array([0.7605])
    """
    said = ~np.isnan(found)
    counted = whole.scores >= 0
    least = np.where(counted, whole.scores, np.inf).min(axis=0, initial=1.0)
    most = np.where(counted, whole.scores, 0.0).max(axis=0, initial=0.0)
    z = _log_odds(np.clip(found, least, most))
    mean = np.where(said, z, 0.0).sum(axis=0) / np.maximum(said.sum(axis=0), 1)
    share = whole.events / (whole.events + EVENTS_OF_ONE_NUMBER)
    towards = _log_odds(np.clip(shared, least.min(), most.max()))
    drawn = share * mean + (1.0 - share) * towards
    never = 2 * (found == 1.0).sum(axis=0) > said.sum(axis=0)
    values = np.where(never, 1.0, 1.0 / (1.0 + np.exp(-drawn)))
    return np.where((whole.events > 0) & said.any(axis=0), values, shared)


def cautious_thresholds(
    found: np.ndarray, whole: Sweep, shared: float, /, *, highest: bool
) -> np.ndarray:
    """Return for each label the highest threshold that any fold asks for, or the lowest.

    Parameters
    ----------
    found, whole, shared
        As for `averaged_thresholds`.
    highest : bool
        For a promised precision; the lowest is for a promised recall.

    Examples
    --------
    >>> from headway.decisions.sweep import sweep
    >>> whole = sweep(np.array([[0.9], [0.1]]), np.array([[1], [0]]), np.ones((2, 1)))
    >>> cautious_thresholds(np.array([[0.2], [0.8], [np.nan]]), whole, 0.5, highest=True)
    array([0.8])
    """
    most = np.fmax.reduce(found, axis=0) if highest else np.fmin.reduce(found, axis=0)
    return np.where((whole.events > 0) & ~np.isnan(most), most, shared)


def _log_odds(values: np.ndarray) -> np.ndarray:
    values = np.clip(values, SMALLEST, 1.0 - SMALLEST)
    return np.log(values) - np.log1p(-values)
