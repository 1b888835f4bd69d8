"""The contest and the explanations as text, pictures and one self-contained web page."""

from headway.report.curves import curves_picture, jacobians_picture
from headway.report.gallery import comparison_pictures, save_figures
from headway.report.html import render_report, write_report
from headway.report.logits import logits_picture
from headway.report.picture import Picture, to_inline_svg, write_picture
from headway.report.story import story_picture, story_pictures
from headway.report.text import as_plain_text, text

__all__ = [
    "Picture",
    "as_plain_text",
    "comparison_pictures",
    "curves_picture",
    "jacobians_picture",
    "logits_picture",
    "render_report",
    "save_figures",
    "story_picture",
    "story_pictures",
    "text",
    "to_inline_svg",
    "write_picture",
    "write_report",
]
