"""The verbs of `retention` by their groups of `--help`, and the command that imports a verb when it is asked for.

`retention --help` reads this table and imports no verb; a test compares it with the verbs themselves. A verb's module
imports the rooms it calls when it runs, so that its own `--help` waits for none of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command, Context, Parameter


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb by its name, the module of `console.cli` that has it, and the first line of its help."""

    name: str
    module: str
    line: str


# By their groups of `--help`.
TABLE: Final[Mapping[str, tuple[Verb, ...]]] = {
    "Write": (
        Verb(
            "validate",
            "file",
            "Report every mistake in FILE, with its line and what to write instead. Nothing is sent anywhere.",
        ),
        Verb(
            "init",
            "file",
            "Write a first retention.yaml for an app: valid as it stands, with comments on what may come next.",
        ),
    ),
    "Publish": (
        Verb("publish", "releases", "Compile FILE and make it live. With any mistake in it, nothing is written."),
        Verb("releases", "releases", "List the releases of an environment, the live one marked."),
        Verb("rollback", "releases", "Make an earlier release live again."),
        Verb(
            "pause",
            "releases",
            "Answer no request until `resume`: the App Store falls back to your other messages.",
        ),
        Verb("resume", "releases", "Answer again, after `pause`."),
        Verb(
            "plan",
            "rollout",
            "Show what `apply` would upload, publish and configure, and what only Apple can settle. Nothing is"
            " changed.",
        ),
        Verb(
            "apply",
            "rollout",
            "Make Apple and the table agree with the file: upload images and messages, publish, configure defaults.",
        ),
        Verb("promote", "rollout", "Apply a file to a second environment, once the first one agrees with it."),
        Verb(
            "export",
            "backup",
            "Write everything the app has in the table into FILE. Keep it secret: it has the app's customerKey.",
        ),
        Verb(
            "import",
            "backup",
            "Write an exported app into a table: the same releases, the same customers in the same arms.",
        ),
    ),
    "Apple": (
        Verb(
            "import-states",
            "rollout",
            "Import what App Review decided: a message or image that no list names counts as deleted.",
        ),
        Verb(
            "status",
            "rollout",
            "Show the state of every text and image, since when, what serves meanwhile, and which rules wait.",
        ),
        Verb(
            "defaults",
            "rollout",
            "Show the default message of every product and locale, gaps first, and configure what differs from the"
            " file.",
        ),
        Verb(
            "prune",
            "rollout",
            "Delete messages and images at Apple that neither the file, a kept release, nor a default names.",
        ),
        Verb("endpoint", "endpoint", "The real-time URL that Apple calls."),
        Verb("performance-test", "endpoint", "Apple's own test of the sandbox endpoint."),
        Verb("notifications", "notifications", "Apple's notifications, and how the stack takes them in."),
    ),
    "Understand": (
        Verb(
            "explain",
            "decisions",
            "Show rule by rule why a request is answered as it is, and the exact body that would be sent.",
        ),
        Verb(
            "sign-request",
            "decisions",
            "Print a fresh request as the App Store would send it, signed by the local test CA.",
        ),
        Verb(
            "rehearse",
            "rehearsal",
            "Run Apple's performance test against your own endpoint before Apple does. Exit code 0 is PASS, 1 is FAIL.",
        ),
        Verb(
            "doctor",
            "rollout",
            "Check file, table, keys, Apple, defaults and sync, and print what to do about each problem.",
        ),
        Verb(
            "coverage",
            "decisions",
            "Show what every customer would be shown, by product, locale and arm, and what is missing there.",
        ),
        Verb(
            "preview",
            "pages",
            "Draw every screen that a customer can be shown, on one page that any browser opens.",
        ),
        Verb(
            "diff",
            "decisions",
            "Show what two releases or files answer differently. Exit code 0: nothing; 3: something; 1: failed.",
        ),
        Verb("facts", "facts", "What Apple has reported of subscriptions, as rules read it."),
        Verb(
            "outcomes",
            "decisions",
            "Count what became of the customers whom each rule answered: kept, turned off, switched, redeemed,"
            " renewed, lost.",
        ),
        Verb(
            "report",
            "effect",
            "Report what a message, a switch or an offer is worth: one sentence, then the numbers and whether to trust"
            " them.",
        ),
        Verb(
            "power",
            "effect",
            "Show how many customers and weeks a plan needs to show a difference, and the lines to write into the"
            " file.",
        ),
        Verb(
            "replay",
            "decisions",
            "Show which logged decisions a draft would change, by rule and answer. Exit code 3: it changes some.",
        ),
        Verb(
            "simulator",
            "simulator",
            "A simulator of the App Store: rehearse everything on this machine, before Apple grants access.",
        ),
    ),
}


_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"]}


class Verbs(TyperGroup):
    """The `retention` command. Until a verb is asked for, a command with its name and first line stands for it."""

    def __init__(self) -> None:
        super().__init__(
            name="retention",
            help="Write, publish and understand what customers are shown when they are about to cancel a subscription.",
            no_args_is_help=True,
            rich_markup_mode="rich",
            context_settings=_SETTINGS,
            commands={verb.name: _stand_in(verb, panel) for panel, verbs in TABLE.items() for verb in verbs},
        )
        self._missing = {verb.name: verb.module for verbs in TABLE.values() for verb in verbs}

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Import the verb that the first of `args` names, then do as any group."""
        self.load(args[0])
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> Command | None:
        """Return the verb `name`, imported; None where there is none of that name."""
        if name in self._missing:
            self.commands[name] = _import(self._missing.pop(name), name)
        return self.commands.get(name)

    def load_all(self) -> Mapping[str, Command]:
        """Return every verb, imported."""
        return {name: cast("Command", self.load(name)) for name in list(self.commands)}


def _stand_in(verb: Verb, panel: str) -> Command:
    return TyperCommand(verb.name, callback=None, help=verb.line, rich_help_panel=panel)


def _import(module: str, name: str) -> Command:
    """Return one verb of a module, without the work of building the module's others."""
    verbs: typer.Typer = importlib.import_module(f"console.cli.{module}").verbs
    alone = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
    alone.registered_commands = [info for info in verbs.registered_commands if info.name == name]
    alone.registered_groups = [info for info in verbs.registered_groups if info.name == name]
    return get_group(alone).commands[name]


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command that was typed: `path` leads to it from the program's name, `words` are left for it to read."""

    command: Command
    path: tuple[str, ...]
    words: tuple[str, ...]

    def run(self, *, standalone: bool) -> object:
        """Run it; return its exit code, if it has one. Errors are raised unless `standalone`, which prints and exits.

        Groups on the way are passed by: to read their only option, --help, Typer would import Pydantic.
        """
        name = " ".join(self.path)
        return self.command.main(list(self.words), name, standalone_mode=standalone, **_SETTINGS)

    def asks_for_json(self) -> bool:
        """Return whether `--json` is among the options, also where the command will refuse some of them.

        It is not where it stands behind `--`, or as the value of another option.
        """
        takes_value = {name for param in self.command.params for name in param.opts if _takes_value(param)}
        words = iter(self.words)
        for word in words:
            if word in {"--", "--json"}:
                return word == "--json"
            if _ends_in_option(word, takes_value):
                next(words, None)
        return False


def find(verbs: Verbs, words: Sequence[str]) -> CommandCall:
    """Return the command that `words` call, as far as they name one."""
    command: Command = verbs
    path, left = ["retention"], list(words)
    while left:
        known = verbs.load(left[0]) if command is verbs else getattr(command, "commands", {}).get(left[0])
        if known is None:
            break
        command = known
        path.append(left.pop(0))
    return CommandCall(command, tuple(path), tuple(left))


def _takes_value(param: Parameter) -> bool:
    return param.param_type_name == "option" and not getattr(param, "is_flag", False)


def _ends_in_option(word: str, takes_value: set[str]) -> bool:
    """Return whether the next word is the value of an option in `word`: of --env, -e, or the last letter of -ye."""
    if word.startswith("--"):
        return word in takes_value
    letters = word.removeprefix("-") if word.startswith("-") else ""
    first = next((at for at, letter in enumerate(letters, 1) if f"-{letter}" in takes_value), None)
    return first == len(letters)
