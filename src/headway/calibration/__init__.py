"""Calibration: maps from logits to logits, fitted on rows that the model was not trained on."""

from headway.calibration.calibrator import Calibrator
from headway.calibration.guard import METHODS, CalibrationReport, calibrate
from headway.calibration.isotonic import Isotonic
from headway.calibration.platt import Platt
from headway.calibration.prior import PriorShift, shares_of
from headway.calibration.temperature import Temperature

__all__ = [
    "METHODS",
    "CalibrationReport",
    "Calibrator",
    "Isotonic",
    "Platt",
    "PriorShift",
    "Temperature",
    "calibrate",
    "shares_of",
]
