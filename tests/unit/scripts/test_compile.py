"""The dataclasses that the artefact has written out behave as those of the source in every respect."""

from __future__ import annotations

import ast
import copy
import dataclasses
import importlib
import inspect
import marshal
import pickle
import sys
import textwrap
from collections.abc import Hashable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from compile import RefusedError, imported_from, main, modules_of, written_out

from tests.support.endpoint_on_fakes import VARIABLES, load_app

HANDLER = Path(__file__).parents[3] / "handler"
MODULES = modules_of(HANDLER)
IN_PATH = sorted(imported_from("app", MODULES))


def load(name: str) -> ModuleType:
    return load_app() if name == "app" else importlib.import_module(name)


def execute(source: bytes, name: str, namespace: dict[str, Any]) -> None:
    exec(compile(written_out(source), name, "exec", dont_inherit=True), namespace)  # noqa: S102  # our own source


def pairs() -> Iterator[tuple[type, type]]:
    """Yield each dataclass of the request path as a pair: the source's class, and the class written out."""
    for name in IN_PATH:
        module, source = load(name), MODULES[name].read_bytes()
        made = ModuleType(name)
        made.__file__ = str(MODULES[name])
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in VARIABLES.items():
                patch.setenv(variable, value)
            execute(source, str(MODULES[name]), made.__dict__)
        for found in list(vars(module).values()):
            if dataclasses.is_dataclass(found) and isinstance(found, type) and found.__module__ == name:
                yield found, getattr(made, found.__name__)


PAIRS = list(pairs())
of_each_pair = pytest.mark.parametrize(
    ("ours", "written"), PAIRS, ids=[f"{ours.__module__}.{ours.__name__}" for ours, _ in PAIRS]
)


class Value:
    """A value with a name, by which it is compared, hashed and shown."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def filled(made: type, like: type, /, **changes: Any) -> Any:
    """Return an instance of `made` with a value for each field of `like`."""
    return made(**{**{field.name: Value(field.name) for field in dataclasses.fields(like)}, **changes})


def test_every_dataclass_of_the_request_path_is_compared() -> None:
    """There are as many pairs as decorators in the source, and modules that only the sync imports are not compiled."""
    written = sum(MODULES[name].read_text().count("\n@dataclass(") for name in IN_PATH)
    assert len(PAIRS) == written >= 35
    assert {"sync", "retention.review.snapshot", "retention.review.lists", "retention.aws.sdk"}.isdisjoint(IN_PATH)
    for _, kind in PAIRS:
        assert not dataclasses.is_dataclass(kind)


@of_each_pair
def test_both_classes_are_called_in_the_same_way(ours: type, written: type) -> None:
    """Parameters have the same order, annotations and defaults, and a default factory is called for each instance."""
    theirs, mine = (inspect.signature(kind).parameters for kind in (ours, written))
    assert list(theirs) == list(mine)
    for field in dataclasses.fields(ours):
        one, other = theirs[field.name], mine[field.name]
        assert (one.kind, one.annotation) == (other.kind, other.annotation)
        assert (one.default is one.empty) == (other.default is other.empty)
        if field.default is not dataclasses.MISSING:
            assert same_default(one.default, other.default)
    needed = {name: Value(name) for name, one in theirs.items() if one.default is one.empty}
    first, second = written(**needed), written(**needed)
    for field in dataclasses.fields(ours):
        if field.default_factory is not dataclasses.MISSING:
            made = getattr(first, field.name)
            assert type(made) is type(field.default_factory())
            assert made is not getattr(second, field.name)
    for wrong in ({}, {**needed, "another": 1}):
        if len(wrong) != len(needed):
            with pytest.raises(TypeError):
                written(**wrong)


def same_default(one: object, other: object) -> bool:
    # The functions and classes of a module exist twice in this test.
    if getattr(one, "__module__", None) == getattr(other, "__module__", None) and callable(one):
        return getattr(one, "__qualname__", one) == getattr(other, "__qualname__", other)
    return one == other and type(one) is type(other)


@of_each_pair
def test_both_classes_have_the_same_repr(ours: type, written: type) -> None:
    """A field that one `repr` leaves out is left out of the other."""
    assert repr(filled(written, ours)) == repr(filled(ours, ours))
    for field in dataclasses.fields(ours):
        assert (f"<{field.name}>" in repr(filled(written, ours))) is field.repr


@of_each_pair
def test_both_classes_compare_the_same_fields(ours: type, written: type) -> None:
    """Instances are equal by the compared fields, and unequal to every instance of another class."""
    one = filled(written, ours)
    assert one == one  # noqa: PLR0124  # the test checks that it is
    assert one == filled(written, ours)
    assert one != filled(ours, ours)
    assert one.__eq__(object()) is NotImplemented
    for field in dataclasses.fields(ours):
        other = filled(written, ours, **{field.name: Value("other")})
        assert (one != other) is field.compare
        assert (filled(ours, ours) != filled(ours, ours, **{field.name: Value("other")})) is field.compare


@of_each_pair
def test_both_classes_hash_alike(ours: type, written: type) -> None:
    """Both have the same hash, or both have none."""
    assert (written.__hash__ is None) is (ours.__hash__ is None)
    if isinstance(filled(ours, ours), Hashable):
        assert hash(filled(written, ours)) == hash(filled(ours, ours))


@of_each_pair
def test_both_classes_are_equally_immutable(ours: type, written: type) -> None:
    """A frozen instance refuses assignment and deletion with the same error; no instance accepts another attribute."""
    for kind in (ours, written):
        one, frozen = filled(kind, ours), ours.__dataclass_params__.frozen  # type: ignore[attr-defined]
        for field in dataclasses.fields(ours):
            if frozen:
                with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot assign to field '{field.name}'$"):
                    setattr(one, field.name, 1)
                with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot delete field '{field.name}'$"):
                    delattr(one, field.name)
                assert getattr(one, field.name) == Value(field.name)
            else:
                setattr(one, field.name, 1)
                assert getattr(one, field.name) == 1
        # With slots, @dataclass calls `super` with the class that it has replaced: TypeError for another attribute.
        with pytest.raises(
            dataclasses.FrozenInstanceError if frozen and kind is written else (AttributeError, TypeError)
        ):
            one.another = 1
        assert not hasattr(one, "__dict__")


@of_each_pair
def test_both_classes_have_the_same_attributes(ours: type, written: type) -> None:
    """Slots, match positions, names, bases, annotations and docstring are the same."""
    for attribute in ("__slots__", "__match_args__", "__name__", "__qualname__", "__module__"):
        assert getattr(written, attribute) == getattr(ours, attribute), attribute
    # Where there is no docstring, @dataclass makes one.
    assert written.__doc__ == ours.__doc__ or str(ours.__doc__).startswith(f"{ours.__name__}(")
    assert written.__annotations__ == ours.__annotations__
    assert [base.__name__ for base in written.__mro__] == [base.__name__ for base in ours.__mro__]
    extra = {"__dataclass_fields__", "__dataclass_params__", "__replace__", "__static_attributes__", "__firstlineno__"}
    assert set(vars(written)) - extra == set(vars(ours)) - extra


@of_each_pair
def test_both_classes_can_be_copied_with_changes(ours: type, written: type) -> None:
    """`__replace__`, which the artefact calls, `copy` and pickling work as for the source's class."""
    one = filled(written, ours)
    for field in dataclasses.fields(ours):
        changed: Any = one.__replace__(**{field.name: Value("other")})
        as_ours: Any = dataclasses.replace(filled(ours, ours), **{field.name: Value("other")})
        assert type(changed) is written
        for name in [each.name for each in dataclasses.fields(ours)]:
            assert getattr(changed, name) == getattr(as_ours, name)
    with pytest.raises(TypeError):
        one.__replace__(another=1)
    assert copy.copy(one) == copy.deepcopy(one) == one
    if hasattr(ours, "__setstate__"):
        assert one.__getstate__() == filled(ours, ours).__getstate__()


def test_a_pickle_of_one_class_loads_as_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen classes with slots pickle their state in the same form."""
    for ours, written in PAIRS:
        stored = pickle.dumps(filled(ours, ours))
        monkeypatch.setattr(sys.modules[ours.__module__], ours.__name__, written)
        if written.__hash__ is not None:
            assert pickle.loads(stored) == filled(written, ours)  # noqa: S301  # made here
            assert pickle.dumps(filled(written, ours)) == stored


# Unknown forms are refused

IMPORT = "from __future__ import annotations\nfrom dataclasses import dataclass, field, replace\n"
REFUSED = {
    "fields": ("from dataclasses import dataclass, fields\n", 1),
    "asdict": ("from dataclasses import asdict\n", 1),
    "another name": ("from dataclasses import dataclass as d\n", 1),
    "the module": ("import dataclasses\n", 1),
    "the module's part": ("import os, dataclasses as d\n", 1),
    "an import inside": ("def f():\n    from dataclasses import replace\n", 2),
    "two imports": (IMPORT + "from dataclasses import dataclass\n", 3),
    "without slots": (IMPORT + "@dataclass(frozen=True)\nclass A:\n    x: int\n", 4),
    "bare": (IMPORT + "@dataclass\nclass A:\n    x: int\n", 4),
    "order": (IMPORT + "@dataclass(slots=True, order=True)\nclass A:\n    x: int\n", 3),
    "kw_only": (IMPORT + "@dataclass(slots=True, kw_only=True)\nclass A:\n    x: int\n", 3),
    "eq": (IMPORT + "@dataclass(slots=True, eq=False)\nclass A:\n    x: int\n", 3),
    "computed options": (IMPORT + "@dataclass(slots=True, frozen=len('x'))\nclass A:\n    x: int\n", 3),
    "options": (IMPORT + "@dataclass(**{'slots': True})\nclass A:\n    x: int\n", 3),
    "two decorators": (IMPORT + "@str\n@dataclass(slots=True)\nclass A:\n    x: int\n", 5),
    "inheritance": (IMPORT + "@dataclass(slots=True)\nclass A(Exception):\n    x: int\n", 4),
    "metaclass": (IMPORT + "@dataclass(slots=True)\nclass A(metaclass=type):\n    x: int\n", 4),
    "nested": (IMPORT + "class B:\n    @dataclass(slots=True)\n    class A:\n        x: int\n", 4),
    "in a function": (IMPORT + "def f():\n    @dataclass(slots=True)\n    class A:\n        x: int\n", 4),
    "ClassVar": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: ClassVar[int] = 1\n", 5),
    "InitVar": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: InitVar[int]\n", 5),
    "KW_ONLY": (IMPORT + "@dataclass(slots=True)\nclass A:\n    _: KW_ONLY\n    x: int\n", 5),
    "__post_init__": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int\n    def __post_init__(self): pass\n", 4),
    "own __eq__": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int\n    def __eq__(self, other): pass\n", 4),
    "own __slots__": (IMPORT + "@dataclass(slots=True)\nclass A:\n    __slots__ = ()\n    x: int\n", 4),
    "a loop": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int\n    for y in (): pass\n", 6),
    "init": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int = field(init=False)\n", 5),
    "kw_only field": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int = field(kw_only=True)\n", 5),
    "computed factory": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x: int = field(default_factory=lambda: 1)", 5),
    "factory shadowed": (
        IMPORT + "@dataclass(slots=True)\nclass A:\n    list: int\n    x: int = field(default_factory=list)\n", 6
    ),
    "default of the class": (IMPORT + "@dataclass(slots=True)\nclass A:\n    one = 1\n    x: int = one\n", 6),
    "default of a field": (IMPORT + "y = 7\n@dataclass(slots=True)\nclass A:\n    y: int = 1\n    x: int = y\n", 7),
    "constant of a field": (IMPORT + "y = 7\n@dataclass(slots=True)\nclass A:\n    y: int = 1\n    TWO = y + 1\n", 7),
    "parameter of a field": (
        IMPORT + "y = 7\n@dataclass(slots=True)\nclass A:\n    y: int = 1\n    def f(self, *, x=y): pass\n", 7
    ),
    "ClassVar renamed": ("from typing import ClassVar as Of\n" + IMPORT, 1),
    "self": (IMPORT + "@dataclass(slots=True)\nclass A:\n    self: int\n", 5),
    "mangled": (IMPORT + "@dataclass(slots=True)\nclass A:\n    __x: int\n", 5),
    "field elsewhere": (IMPORT + "x = field(repr=False)\n", 3),
    "field unannotated": (IMPORT + "@dataclass(slots=True)\nclass A:\n    x = field(repr=False)\n", 5),
    "replace by position": (IMPORT + "x = replace(a, b)\n", 3),
    "replace of parts": (IMPORT + "x = replace(*a)\n", 3),
    "replace handed on": (IMPORT + "x = map(replace, a)\n", 3),
    "a variable": (IMPORT + "def f(a):\n    for field in a: pass\n", 4),
    "a parameter": (IMPORT + "def f(field): pass\n", 3),
    "a function": (IMPORT + "def replace(): pass\n", 3),
    "called by hand": (IMPORT + "A = dataclass(str)\n", 3),
    "its fields": (IMPORT + "x = A.__dataclass_fields__\n", 3),
    "its fields by name": (IMPORT + "x = getattr(A, '__dataclass_fields__')\n", 3),
}  # fmt: skip


@pytest.mark.parametrize(("source", "line"), REFUSED.values(), ids=REFUSED)
def test_an_unknown_form_is_refused(source: str, line: int) -> None:
    """A form of dataclass that the compiler does not know is refused with its line."""
    with pytest.raises(RefusedError) as refused:
        written_out(source.encode())
    assert refused.value.line == line


SOURCE = textwrap.dedent('''
    """A module."""

    from __future__ import annotations

    from dataclasses import dataclass, field, replace


    @dataclass(frozen=True, slots=True)
    class Point:
        """A point."""

        x: int
        y: int = field(default=2, repr=False)
        seen: list[int] = field(default_factory=list, compare=False)

        def moved(self) -> Point:
            return replace(self, x=self.x + 1)

        def fails(self) -> None:
            raise ValueError


    def again(point: Point, **changes: int) -> Point:
        return replace(point.moved(), y=7, **changes)
''').lstrip()


def test_a_class_without_fields_keeps_its_docstring() -> None:
    """The generated methods come after the docstring, which would be none anywhere else."""
    made: dict[str, Any] = {}
    exec(compile(written_out(f'{IMPORT}@dataclass(slots=True)\nclass A:\n    """It."""\n'.encode()), "", "exec"), made)  # noqa: S102  # ours
    assert made["A"].__doc__ == "It."


def test_lines_stay_where_they_are() -> None:
    """A traceback through generated code shows the source's lines, and calls have the same results."""
    made: dict[str, Any] = {"__name__": "made"}
    execute(SOURCE.encode(), "made.py", made)
    assert repr(made["again"](made["Point"](1), x=5)) == "Point(x=5, seen=[])"
    with pytest.raises(ValueError) as failed:  # noqa: PT011  # raised above
        made["Point"](1).fails()
    assert SOURCE.splitlines()[failed.traceback[-1].lineno].strip() == "raise ValueError"


def test_modules_without_dataclasses_stay_as_they_are() -> None:
    """Their syntax tree is the one that Python's own parser makes."""
    for name, path in MODULES.items():
        if b"dataclasses" not in path.read_bytes():
            assert ast.dump(written_out(path.read_bytes())) == ast.dump(ast.parse(path.read_bytes())), name


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the artefact's bytecode is Python 3.13's")
def test_a_folder_is_compiled_for_lambda(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each module has bytecode under Lambda's path that Lambda does not check; a refused module stops the build."""
    (tmp_path / "app.py").write_text("import part\nfrom lone import thing\n")
    (tmp_path / "part.py").write_text(SOURCE)
    (tmp_path / "lone.py").write_text("thing = 1\n")
    (tmp_path / "sync.py").write_text("from dataclasses import asdict\n")
    assert main([str(tmp_path), "/var/task"]) == 0
    stored = (tmp_path / "__pycache__" / "part.cpython-313.pyc").read_bytes()
    assert stored[4:8] == b"\x01\x00\x00\x00"
    code = marshal.loads(stored[16:])  # noqa: S302  # made here
    assert code.co_filename == "/var/task/part.py"
    assert "dataclasses" not in code.co_names
    assert (tmp_path / "part.py").read_text() == SOURCE
    assert {path.name for path in (tmp_path / "__pycache__").iterdir()} == {
        f"{name}.cpython-313.pyc" for name in ("app", "part", "lone", "sync")
    }
    (tmp_path / "part.py").write_text("import dataclasses\n")
    assert main([str(tmp_path), "/var/task"]) == 1
    assert capsys.readouterr().err.startswith("part.py:1: `import dataclasses`")


def test_other_pythons_and_arguments_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With wrong arguments, or under another Python than 3.13, no bytecode is made."""
    assert main([str(tmp_path)]) == 2
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    (tmp_path / "app.py").write_text("")
    assert main([str(tmp_path), "/var/task"]) == 1
    assert "3.13" in capsys.readouterr().err
    assert not (tmp_path / "__pycache__").exists()
