"""Scores, calibration, paired tests and the intervals that belong to them."""

from headway.metrics.calibration import (
    DEFAULT_BINS,
    CalibrationInterval,
    ReliabilityCurve,
    calibration_error,
    calibration_interval,
    reliability_curve,
    squared_calibration_error,
)
from headway.metrics.decomposition import ScoreParts, brier_parts, log_loss_parts
from headway.metrics.forecasts import by_label, class_log_odds, observed_cells, top_label
from headway.metrics.intervals import (
    MeanInterval,
    crossed_bootstrap,
    crossed_interval,
    crossed_proportion_interval,
    paired_proportion_interval,
    wilson_interval,
)
from headway.metrics.mcnemar import mcnemar_exact
from headway.metrics.scores import (
    brier_score,
    cell_brier_score,
    cell_log_loss,
    f1_score,
    hits,
    log_loss,
)
from headway.metrics.sets import SetReport, clopper_pearson_interval, set_report

__all__ = [
    "DEFAULT_BINS",
    "CalibrationInterval",
    "MeanInterval",
    "ReliabilityCurve",
    "ScoreParts",
    "SetReport",
    "brier_parts",
    "brier_score",
    "by_label",
    "calibration_error",
    "calibration_interval",
    "cell_brier_score",
    "cell_log_loss",
    "class_log_odds",
    "clopper_pearson_interval",
    "crossed_bootstrap",
    "crossed_interval",
    "crossed_proportion_interval",
    "f1_score",
    "hits",
    "log_loss",
    "log_loss_parts",
    "mcnemar_exact",
    "observed_cells",
    "paired_proportion_interval",
    "reliability_curve",
    "set_report",
    "squared_calibration_error",
    "top_label",
    "wilson_interval",
]
