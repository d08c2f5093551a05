"""Which locale of a text is served to a customer whose device asks for another one.

Apple documents no fallback between locales, so this order is ours: exact; normalised; language and region alone; the
owner's fallbacks for the locale, then for its language; the text's only locale of that language, else the one Apple
lists first; the default.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

# App Store Connect's locale short codes (apple-api.md, section 5). Case-sensitive.
APPLE_LOCALES = frozenset(
    "ar-SA bn-BD ca zh-Hans zh-Hant hr cs da nl-NL en-AU en-CA en-GB en-US fi fr-FR fr-CA de-DE el gu-IN he hi hu id "
    "it ja kn-IN ko ms ml-IN mr-IN no or-IN pl pt-BR pt-PT pa-IN ro ru sk sl-SI es-MX es-ES sv ta-IN te-IN th tr uk "
    "ur-PK vi".split()
)

# Where Apple has several locales of a language: the one for the regions without a locale of their own.
_FIRST = {
    "en": "en-US",
    "fr": "fr-FR",
    "es": "es-ES",
    "pt": "pt-PT",
    "de": "de-DE",
    "nl": "nl-NL",
    "ar": "ar-SA",
}

# Spanish of the Americas; 419 is the UN's code for the region and what devices send for "Latin America".
_LATIN_AMERICA = frozenset("419 AR BO BR BZ CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE".split())

# Older or narrower names for languages in Apple's list.
_LANGUAGE_ALIASES = {"nb": "no", "nn": "no", "iw": "he", "in": "id"}
_TRADITIONAL_CHINESE = frozenset({"Hant", "TW", "HK", "MO"})
_SCRIPT_LETTERS = 4
_REGION_LETTERS = 2
_REGION_DIGITS = 3
MAX_CHARACTERS = 64  # every locale is shorter


@dataclass(frozen=True, slots=True)
class LocaleTable:
    """The owner's part of the order: `default`, and fallbacks keyed by locale or by bare language."""

    default: str
    fallbacks: Mapping[str, tuple[str, ...]]


def normalise(asked: str) -> str:
    """Return `asked` in Apple's spelling: `en_us` → `en-US`, `nb-NO` → `no`, `zh-HK` → `zh-Hant`.

    Never raises: a text that is no locale is returned as it is.
    """
    language, *subtags = spelled(asked).split("-")
    language = _LANGUAGE_ALIASES.get(language, language)
    if language == "zh":
        # An explicit script wins over what the region suggests: zh-Hans-HK is simplified.
        traditional = "Hans" not in subtags and not _TRADITIONAL_CHINESE.isdisjoint(subtags)
        return "zh-Hant" if traditional else "zh-Hans"
    if language == "no":
        return language
    return "-".join([language, *subtags])


def spelled(asked: str) -> str:
    """Return `asked` in the usual spelling, with the same region: `ZH_hk` → `zh-HK`."""
    language, *subtags = asked[:MAX_CHARACTERS].replace("_", "-").split("-")
    return "-".join([language.lower(), *(_subtag(subtag) for subtag in subtags if subtag)])


def _subtag(subtag: str) -> str:
    if len(subtag) == _SCRIPT_LETTERS and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == _REGION_LETTERS else subtag


def listed(asked: str) -> str:
    """Return the locale of Apple's list that `asked` is, where a default message of it stands; else it normalised.

    `en-GB-oxendict` → `en-GB`, `ja-JP` → `ja`: not another region's, for Apple documents no such fallback.
    """
    normal = normalise(asked)
    known = (name for name in (normal, _regional(normal), language_of(normal)) if name in APPLE_LOCALES)
    return next(known, normal)


def _regional(written: str) -> str:
    """Return language and region alone, of which Apple's codes are made: `fr-Latn-CA` → `fr-CA`."""
    language, *subtags = written.split("-")
    if subtags and len(subtags[0]) == _SCRIPT_LETTERS:
        del subtags[0]
    return f"{language}-{subtags[0]}" if subtags and _is_region(subtags[0]) else language


def _is_region(subtag: str) -> bool:
    return len(subtag) == _REGION_LETTERS or (len(subtag) == _REGION_DIGITS and subtag.isdigit())


def language_of(locale: str) -> str:
    """Return the language of a normalised locale: `fr-CA` → `fr`."""
    return locale.partition("-")[0]


def names_of(asked: str) -> frozenset[str]:
    """Return everything a rule may call this locale.

    As asked, spelled as usual, normalised, each of these shortened (`zh-Hant-HK` is also `zh-Hant` and `zh`), and its
    language with its region alone (`zh-HK`). What is too long for a locale is not remembered.
    """
    return _remembered_names(asked) if len(asked) <= MAX_CHARACTERS else _names(asked)


def _names(asked: str) -> frozenset[str]:
    written, normal = spelled(asked), normalise(asked)
    names = {asked, normal, language_of(normal), _regional(written)}
    language, *subtags = written.split("-")
    names.update("-".join([language, *subtags[:count]]) for count in range(len(subtags) + 1))
    return frozenset(names)


_remembered_names = lru_cache(maxsize=128)(_names)


def candidates(asked: str, available: Collection[str], table: LocaleTable) -> tuple[str, ...]:
    """Return the locales of `available` that may serve `asked`, best first, each once."""
    normal = normalise(asked)
    language = language_of(normal)
    regional = _regional(normal)
    wanted = [asked, normal, regional]
    for key in dict.fromkeys((asked, spelled(asked), normal, regional, language)):
        wanted += table.fallbacks.get(key, ())
    wanted += _same_language(normal, language, available)
    wanted.append(table.default)
    return tuple(locale for locale in dict.fromkeys(wanted) if locale in available)


def _same_language(normal: str, language: str, available: Collection[str]) -> list[str]:
    spoken = [locale for locale in available if language_of(locale) == language]
    return spoken if len(spoken) == 1 else [_apples_first(normal, language)]


def _apples_first(normal: str, language: str) -> str:
    subtags = normal.split("-")
    if language == "es" and not _LATIN_AMERICA.isdisjoint(subtags):
        return "es-MX"
    if language == "pt" and "BR" in subtags:
        return "pt-BR"
    return _FIRST.get(language, language)
