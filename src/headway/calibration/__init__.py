"""Calibration: maps from logits to logits, fitted on rows that the model was not trained on."""

from headway.calibration.beta import Beta
from headway.calibration.calibrator import Calibrator
from headway.calibration.guard import METHODS, CalibrationReport, calibrate
from headway.calibration.isotonic import Isotonic
from headway.calibration.matrix import MatrixScaling
from headway.calibration.platt import Platt
from headway.calibration.prior import PriorShift, shares_of
from headway.calibration.temperature import Temperature
from headway.calibration.vector import VectorScaling

__all__ = [
    "METHODS",
    "Beta",
    "CalibrationReport",
    "Calibrator",
    "Isotonic",
    "MatrixScaling",
    "Platt",
    "PriorShift",
    "Temperature",
    "VectorScaling",
    "calibrate",
    "shares_of",
]
