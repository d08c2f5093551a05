"""The page of `retention report --html`: a report in the frame of the preview, without any script.

The drawings are SVG that the template writes from `report_figures`; the same numbers are in a table under each. Names
of the log and the file reach the page as escaped text alone (`console.pages.frame`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup
from retention.limits import MAX_BODY, MAX_HEADER

from console.effect.findings import NOT_TRUSTED, NOT_YET, READABLE, Report
from console.effect.report_text import (
    apple_note,
    control_rates,
    head,
    plan_words,
    segment_name,
    shown_bounds,
    shown_difference,
    shown_lift,
    shown_rate,
)
from console.effect.words import METRICS, check_words, day, number, percent, size
from console.pages.arm_screens import ArmScreen
from console.pages.frame import PageFacts, own_text, page_environment, policy
from console.pages.geometry import measures_css
from console.pages.report_figures import curve_figure, drawn_effects, interval_figure, series_figures

_LOOKS: Final = {READABLE: "ok", NOT_YET: "wait", NOT_TRUSTED: "bad"}


def render_report(report: Report, screens: Sequence[ArmScreen], facts: PageFacts) -> str:
    """Return the page. The same arguments give the same text."""
    environment = page_environment().overlay()
    environment.filters = dict(environment.filters)
    environment.filters.update(
        bounds=shown_bounds, difference=shown_difference, rate=shown_rate, lift=shown_lift, number=number,
        control_rates=control_rates,
        percent=percent, day=day, noun=lambda metric: METRICS[metric].noun, size=size,
        check=check_words,
        segment=segment_name,
        tick=lambda value: f"{value:+g}".replace("-", "\u2212") if value else "0",
    )  # fmt: skip
    style = Markup(_style(screens))  # noqa: S704  # our own files, numbers and digests
    return environment.get_template("report.html").render(
        policy=policy(str(style)),
        style=style,
        script="",
        facts=facts,
        report=report,
        title=head(report),
        plan=plan_words(report.plan),
        look=_LOOKS[report.verdict.exit_code],
        screens=screens,
        limits=(MAX_HEADER, MAX_BODY),
        intervals=interval_figure(report),
        drawn=drawn_effects(report),
        series=series_figures(report),
        curve=curve_figure(report),
        apple_note=apple_note(report) if report.apple else "",
    )


def _style(screens: Sequence[ArmScreen]) -> str:
    """Return the style sheet of the preview, what a report adds to it, and the images of the arms' screens."""
    images = {image.css_class: image for one in screens if one.card for image in one.card.images.values()}
    pictures = (
        f".{image.css_class}{{background-image:url({image.url});aspect-ratio:{image.width}/{image.height}}}"
        for image in images.values()
    )
    return "\n".join([measures_css(), own_text("preview.css"), own_text("report.css"), *pictures])
