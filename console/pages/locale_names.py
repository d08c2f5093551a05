"""Names of Apple's locales, in English and in their own language: what a reader of the page looks for."""

from __future__ import annotations

from typing import Final

from retention.locales import listed

_NAMES: Final = {
    "ar-SA": ("Arabic", "العربية"),
    "bn-BD": ("Bangla", "বাংলা"),
    "ca": ("Catalan", "Català"),
    "zh-Hans": ("Chinese, Simplified", "简体中文"),
    "zh-Hant": ("Chinese, Traditional", "繁體中文"),
    "hr": ("Croatian", "Hrvatski"),
    "cs": ("Czech", "Čeština"),
    "da": ("Danish", "Dansk"),
    "nl-NL": ("Dutch", "Nederlands"),
    "en-AU": ("English (Australia)", ""),
    "en-CA": ("English (Canada)", ""),
    "en-GB": ("English (UK)", ""),
    "en-US": ("English (US)", ""),
    "fi": ("Finnish", "Suomi"),
    "fr-FR": ("French", "Français"),
    "fr-CA": ("French (Canada)", "Français (Canada)"),
    "de-DE": ("German", "Deutsch"),
    "el": ("Greek", "Ελληνικά"),
    "gu-IN": ("Gujarati", "ગુજરાતી"),
    "he": ("Hebrew", "עברית"),
    "hi": ("Hindi", "हिन्दी"),
    "hu": ("Hungarian", "Magyar"),
    "id": ("Indonesian", "Bahasa Indonesia"),
    "it": ("Italian", "Italiano"),
    "ja": ("Japanese", "日本語"),
    "kn-IN": ("Kannada", "ಕನ್ನಡ"),
    "ko": ("Korean", "한국어"),
    "ms": ("Malay", "Bahasa Melayu"),
    "ml-IN": ("Malayalam", "മലയാളം"),
    "mr-IN": ("Marathi", "मराठी"),
    "no": ("Norwegian", "Norsk"),
    "or-IN": ("Odia", "ଓଡ଼ିଆ"),
    "pl": ("Polish", "Polski"),
    "pt-BR": ("Portuguese (Brazil)", "Português (Brasil)"),
    "pt-PT": ("Portuguese (Portugal)", "Português (Portugal)"),
    "pa-IN": ("Punjabi", "ਪੰਜਾਬੀ"),
    "ro": ("Romanian", "Română"),
    "ru": ("Russian", "Русский"),
    "sk": ("Slovak", "Slovenčina"),
    "sl-SI": ("Slovenian", "Slovenščina"),
    "es-MX": ("Spanish (Mexico)", "Español (México)"),
    "es-ES": ("Spanish (Spain)", "Español (España)"),
    "sv": ("Swedish", "Svenska"),
    "ta-IN": ("Tamil", "தமிழ்"),
    "te-IN": ("Telugu", "తెలుగు"),
    "th": ("Thai", "ไทย"),
    "tr": ("Turkish", "Türkçe"),
    "uk": ("Ukrainian", "Українська"),
    "ur-PK": ("Urdu", "اردو"),
    "vi": ("Vietnamese", "Tiếng Việt"),
}


def english_name(locale: str) -> str:
    """Return the English name of a locale; the locale itself where Apple does not list it."""
    return _NAMES.get(listed(locale), (locale, ""))[0]


def own_name(locale: str) -> str:
    """Return the name of a locale in its own language; empty where that is English or unknown."""
    return _NAMES.get(listed(locale), ("", ""))[1]
