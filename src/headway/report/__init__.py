"""Contests, evaluations and explanations as text, pictures and one self-contained web page."""

from headway.report.curves import curves_picture, jacobians_picture
from headway.report.evaluation_text import (
    evaluation_text,
    paired_text,
    plain_evaluation,
    plain_paired,
)
from headway.report.explanation import explanation_picture
from headway.report.gallery import (
    comparison_pictures,
    evaluation_pictures,
    save_evaluation_figures,
    save_figures,
)
from headway.report.html import render_report, write_report
from headway.report.label_reliability import label_reliability_picture
from headway.report.label_review import doubted_images_picture, plain_review, review_text
from headway.report.logits import logits_picture
from headway.report.picture import Picture, to_inline_svg, write_picture
from headway.report.returns import returns_picture
from headway.report.signal import signal_picture
from headway.report.story import story_picture, story_pictures
from headway.report.study import study_picture
from headway.report.text import as_plain_text, text
from headway.report.thresholds import threshold_picture

__all__ = [
    "Picture",
    "as_plain_text",
    "comparison_pictures",
    "curves_picture",
    "doubted_images_picture",
    "evaluation_pictures",
    "evaluation_text",
    "explanation_picture",
    "jacobians_picture",
    "label_reliability_picture",
    "logits_picture",
    "paired_text",
    "plain_evaluation",
    "plain_paired",
    "plain_review",
    "render_report",
    "returns_picture",
    "review_text",
    "save_evaluation_figures",
    "save_figures",
    "signal_picture",
    "story_picture",
    "story_pictures",
    "study_picture",
    "text",
    "threshold_picture",
    "to_inline_svg",
    "write_picture",
    "write_report",
]
