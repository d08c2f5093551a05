"""A file whose page has all that a page can have: every kind of answer, script, image, state, change and remark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from PIL import Image
from retention.catalog import APPROVED, PENDING, REJECTED, UNKNOWN, MessageState
from retention.limits import MAX_BODY, MAX_HEADER

from console.file.compile import PreviousTexts
from console.file.content import read_content
from console.file.edition import Standing, edition_from_file, side_of_file
from console.file.mistakes import Notes
from console.local.samples import SAMPLE_CLOCK
from console.pages.page import PageImages
from console.pages.preview import Preview
from console.pages.thumbnails import make_thumbnails
from tests.support.drawn_pages import images_of, previewed

# Header, body and bullet in each script: Latin, Arabic, Hebrew, Nastaliq, Japanese, Korean, Chinese, Devanagari, Thai.
WORDS: Final = {
    "en-US": ("Keep every trail", "Offline maps and the weather of each ridge stay with you.", "120 000 trails"),
    "de-DE": ("Behalte jeden Weg", "Offline-Karten und das Wetter jedes Grats bleiben bei dir.", "120 000 Wege"),
    "ar-SA": ("احتفظ بكل المسارات", "تبقى الخرائط دون اتصال وحالة الطقس لكل قمة معك.", "١٢٠ ألف مسار"),
    "he": ("כל המסלולים נשארים", "המפות ללא רשת ומזג האוויר של כל רכס נשארים איתך.", "120 אלף מסלולים"),
    "ur-PK": ("ہر راستہ آپ کے ساتھ", "آف لائن نقشے اور ہر چوٹی کا موسم آپ کے پاس رہتے ہیں", "ایک لاکھ راستے"),
    "ja": ("あなたの山道を、これからも", "オフライン地図と稜線ごとの天気を、このままお使いください。", "十二万の山道"),
    "ko": ("모든 길을 그대로", "오프라인 지도와 능선마다의 날씨를 계속 이용하세요.", "12만 개의 길"),
    "zh-Hans": ("保留每一条山径", "离线地图、徒步记录和每座山脊的天气都会保留。", "十二万条山径"),
    "hi": ("हर पगडंडी आपके साथ", "ऑफ़लाइन नक्शे और हर चोटी का मौसम आपके पास बने रहेंगे।", "एक लाख पगडंडियाँ"),
    "th": ("เก็บทุกเส้นทางไว้", "แผนที่ออฟไลน์และสภาพอากาศของทุกสันเขายังคงอยู่กับคุณ", "หนึ่งแสนสองหมื่นเส้นทาง"),
}  # fmt: skip

# Set → image and number of bullets. An image has 3840 pixels in each row, and 160 to 2160 rows.
PLAIN: Final = {"bare": (None, 0), "strip": ("low", 1), "middle": ("wide", 5), "tall": ("high", 5)}
HEIGHTS: Final = {"low": 160, "wide": 720, "high": 2160}
LONG_WORD: Final = "Donaudampfschifffahrtsgesellschaftskapitän"

_MONTHLY, _ANNUAL, _COURSES = "pro.monthly", "pro.annual", "courses"


def write_images(directory: Path) -> None:
    for name, height in HEIGHTS.items():
        bands = Image.linear_gradient("L").resize((3840, height))
        Image.merge("RGB", (bands, bands.point(lambda value: 90 + value // 4), bands)).save(directory / f"{name}.png")
    Image.new("RGB", (1024, 1024), "#0f6b3a").save(directory / "tick.png")


def _plain(name: str) -> dict[str, Any]:
    image, bullets = PLAIN[name]
    texts: dict[str, Any] = {}
    for number, (locale, (header, body, bullet)) in enumerate(WORDS.items()):
        text: dict[str, Any] = {"header": header, "body": body}
        if image:
            text |= {"image": image, "altText": f"{bullet} ({image})"}
            text |= {"headerPosition": "ABOVE_IMAGE"} if number % 2 else {}
        if bullets:
            text["bullets"] = [{"text": bullet, "image": "tick", "altText": bullet}] * bullets
        texts[locale] = text
    return texts


def _rules() -> list[dict[str, Any]]:
    switch, monthly = {"alternateProduct": _ANNUAL, "message": "switch"}, {"productId": _MONTHLY}
    shares = {"bare": 10, "strip": 10, "longest": 10, "remarked": 10, "middle": 60}
    arms = {name: {"weight": weight, "answer": {"message": name}} for name, weight in shares.items()}
    answers: list[tuple[str, dict[str, Any], Any]] = [
        ("courses", {"productId": _COURSES}, {"advancedCommerce": _COURSE, "message": "course"}),
        ("offers", {**monthly, "customer.tenureDays": {"above": 30}}, {"promotionalOffer": "half", "message": "offer"}),
        ("switches", {**monthly, "customer.tenureDays": {"above": 20}}, switch),
        ("commits", {**monthly, "customer.tenureDays": {"above": 10}}, {**switch, "billingPlanType": "MONTHLY"}),
        ("passes", {"customer.inTrial": True}, "fallback"),
        ("keeps", {"productId": _ANNUAL}, {"message": "tall"}),
    ]
    rules = [{"name": name, "when": when, "answer": answer} for name, when, answer in answers]
    return [*rules, {"name": "tries", "when": monthly, "experiment": {"key": "tries", "arms": arms}}]


def file_document() -> dict[str, Any]:
    """Return the file. The longest texts that Apple takes are in `longest`, texts with remarks in `remarked`."""
    short = {locale: {"header": header, "body": body} for locale, (header, body, _) in WORDS.items()}
    longest = {
        "en-US": {
            "header": ("Stay with us " * 9)[:MAX_HEADER].rstrip(),
            "body": ("words and more " * 12)[:MAX_BODY].rstrip(),
        },
        "de-DE": {"header": f"{LONG_WORD} bleibt", "body": f"{LONG_WORD} und {LONG_WORD}mütze bleiben an Bord."},
    }
    remarked = {
        "en-US": {"header": "Keep 30 trails", "body": "Please stay, {name}"},
        "ja": {"header": "Keep 50 trails", "body": "Please\u200b stay"},
        "de-DE": {"header": "Keep 30 trails", "body": "Please stay, {name}"},
    }
    return {
        "app": {"appAppleId": 1, "bundleId": "com.example.app", "issuerId": str(UUID(int=1)), "keyId": "2X9R4HXF34"},
        "products": {
            _MONTHLY: {"group": "pro", "period": "P1M", "default": "bare"},
            _ANNUAL: {"group": "pro", "period": "P1Y"},
            _COURSES: {"group": "courses", "period": "P1M", "advancedCommerce": True},
            "basic": {"group": "basic", "period": "P1M"},
            "student": {"group": "student", "period": "P1M"},
        },
        "locales": {"default": "en-US"},
        "images": {
            **{name: {"file": f"{name}.png"} for name in HEIGHTS},
            "tick": {"file": "tick.png", "size": "BULLET_POINT"},
        },
        "messages": {
            **{name: _plain(name) for name in PLAIN}, "longest": longest, "remarked": remarked,
            "switch": short, "offer": short, "course": {"en-US": short["en-US"], "he": short["he"]},
        },
        "offers": {"half": {"productId": _MONTHLY, "offerIdentifier": "half_off"}},
        "rules": _rules(),
    }  # fmt: skip


_COURSE: Final = {
    "currentSKU": "alpine", "SKU": "alpine", "displayName": "Alpine", "description": "Map and compass",
    "effective": "NEXT_BILL_CYCLE", "reason": "APPLY_OFFER", "price": 9990, "currency": "USD", "storefront": "USA",
    "retainBillingCycle": True, "offer": {"period": "P1M", "periodCount": 3, "price": 4990, "reason": "RETENTION"},
}  # fmt: skip


def every_screen(directory: Path) -> tuple[Preview, PageImages]:
    """Return the preview of the file in every state, compared with a file of before, and its images."""
    write_images(directory)
    file, before = directory / "retention.yaml", directory / "before.yaml"
    document = file_document()
    file.write_text(json.dumps(document), encoding="utf-8")
    before.write_text(json.dumps(_earlier(document)), encoding="utf-8")
    plain = edition_from_file(file, now=SAMPLE_CLOCK)
    old = str(UUID(int=7))
    # Of `switch`, every text has a predecessor, which is approved.
    previous = {"switch": {locale: (str(uuid5(UUID(old), locale)),) for locale in WORDS}}
    states = {each[0]: MessageState(APPROVED) for locales in previous.values() for each in locales.values()}
    states |= _states(plain.texts)
    known = Standing(states, {}, 1, paused=False, previous=PreviousTexts(previous, states))
    found = previewed(file, known=known, before=side_of_file(before))
    return found, PageImages(images_of(found.edition.document).after, _images(before))


def _states(texts: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, MessageState]:
    """Return every state in turn. Plain English texts are approved, so that other devices fall back to them."""
    choice = (APPROVED, PENDING, REJECTED, UNKNOWN)
    states: dict[str, MessageState] = {}
    places = [(name, locale, ids[0]) for name, locales in texts.items() for locale, ids in locales.items()]
    for number, (name, locale, message) in enumerate(places):
        if locale == "en-US" and name not in {"switch", "offer"}:
            states[message] = MessageState(APPROVED)
        elif number % 7:  # one of seven is not uploaded
            states.setdefault(message, MessageState(choice[number % 4], {"wide": PENDING} if number % 3 == 0 else {}))
    return states


def _images(file: Path) -> Any:
    document = edition_from_file(file, now=SAMPLE_CLOCK).document
    return make_thumbnails(read_content(document, Notes()), document.images)


def _earlier(document: dict[str, Any]) -> dict[str, Any]:
    """Return the file before: other words, another order of header and image, a text that is gone, one that is new."""
    earlier: dict[str, Any] = json.loads(json.dumps(document))
    texts = earlier["messages"]
    texts["strip"]["en-US"]["body"] = "Offline maps and the weather of each ridge were yours."
    texts["strip"]["ar-SA"].pop("headerPosition", None)
    texts["middle"]["he"]["bullets"] = texts["middle"]["he"]["bullets"][:1]
    del texts["bare"]["th"]
    texts["bare"]["it"] = {"header": "Resta", "body": "Resta con noi"}
    earlier["offers"]["half"]["offerIdentifier"] = "half_before"
    return earlier
