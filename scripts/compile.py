"""Compiles the functions for Lambda's Python, with dataclasses written out; `artefact.py` calls it.

compile.py DIR INSIDE      DIR has app.py; INSIDE is its path in Lambda, which the bytecode has for tracebacks

At every start, `@dataclass` makes each class twice and compiles its methods from text. With its imports, that was a
third of a cold start. So the bytecode of all modules that app.py imports has the classes as one would write them by
hand: `__slots__`, `__init__`, `__repr__`, `__eq__` and so on. Source files and line numbers stay as they are. Modules
that only the sync imports are compiled unchanged. This program knows the few forms that handler/ uses, and refuses all
others, with file and line.

A class that was written out is an ordinary class: `fields`, `asdict` and `is_dataclass` do not work with it.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import marshal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENTRY = "app"
PYTHON = (3, 13)  # Lambda's; no other reads its bytecode

# Names that written-out classes use; each is defined once in a module.
_SET, _FACTORY, _REPR = "_dataclass_set", "_dataclass_factory", "_dataclass_repr"

_KNOWN = frozenset({"dataclass", "field", "replace"})
_UNFIELDED = ("ClassVar", "InitVar", "KW_ONLY")  # a name with such an annotation is not a field
_MADE = frozenset(
    "__init__ __repr__ __eq__ __hash__ __setattr__ __delattr__ __getstate__ __setstate__ __replace__ __slots__ "
    "__match_args__ __post_init__ __lt__ __le__ __gt__ __ge__ __getattr__ __getattribute__ __new__".split()
)


class RefusedError(Exception):
    """The source has a form that this program does not know."""

    def __init__(self, node: ast.AST, what: str) -> None:
        super().__init__(what)
        self.line = getattr(node, "lineno", 1)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `factory` is the name of a function that makes its default; `shown` in repr, `compared` in eq."""

    name: str
    annotation: str
    default: str | None = None
    factory: str | None = None
    shown: bool = True
    compared: bool = True


@dataclass(slots=True)
class Options:
    """The options of `@dataclass(…)`."""

    frozen: bool = False
    slots: bool = False


# --- which modules ---


def modules_of(folder: Path) -> dict[str, Path]:
    """Return dotted name → path of every module below a folder."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_from(entry: str, modules: dict[str, Path]) -> frozenset[str]:
    """Return `entry` and all modules that it can import, directly or not, also inside functions."""
    reached, waiting = set[str](), [entry]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            waiting += _imports(ast.parse(modules[name].read_bytes()))
    return frozenset(reached)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_named(node.test, "TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node)


# --- one module ---


def written_out(source: bytes) -> ast.Module:
    """Return a module's syntax with its dataclasses written out. Raises RefusedError for forms that are not known."""
    tree = ast.parse(source)
    at = _import_of_dataclasses(tree)
    if at is None:
        return tree
    for number, line in enumerate(source.splitlines(), 1):
        if b"_dataclass_" in line:  # an attribute that written-out classes lack, or one of the names above
            raise RefusedError(ast.Pass(lineno=number), "a name with `_dataclass_` in it")
    names = {alias.name for alias in tree.body[at].names}  # type: ignore[attr-defined]  # an ImportFrom
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and "dataclass" in names and (options := _options(node)) is not None:
            _write_out(node, options)
    _Replacing(names).visit(tree)
    _refuse_other_uses(tree, at, names)
    tree.body[at : at + 1] = _at(
        tree.body[at],
        f"from reprlib import recursive_repr as {_REPR}\n{_SET} = object.__setattr__\n{_FACTORY} = object()",
    )
    return tree


def _import_of_dataclasses(tree: ast.Module) -> int | None:
    """Return the index in the module's body of its one import of dataclasses, None if there is none."""
    found = None
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.name in _UNFIELDED and node.asname:
            raise RefusedError(node, f"`{node.name}` under another name")
        if isinstance(node, ast.Import) and any(alias.name.startswith("dataclasses") for alias in node.names):
            raise RefusedError(node, "`import dataclasses`: import the names")
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses":
            if node not in tree.body or found is not None:
                raise RefusedError(node, "a second or nested import of dataclasses")
            for alias in node.names:
                if alias.name not in _KNOWN or alias.asname:
                    raise RefusedError(node, f"`{alias.name}` of dataclasses under this name")
            found = tree.body.index(node)
    return found


class _Replacing(ast.NodeTransformer):
    """Replaces `replace(x, …)` by `x.__replace__(…)`, which it calls."""

    def __init__(self, names: set[str]) -> None:
        self._has_replace = "replace" in names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not (self._has_replace and _is_named(node.func, "replace")):
            return node
        if len(node.args) != 1 or isinstance(node.args[0], ast.Starred):
            raise RefusedError(node, "`replace` of anything but one object by keywords")
        node.func = ast.copy_location(ast.Attribute(node.args[0], "__replace__", ast.Load()), node.func)
        node.args = []
        return node


def _refuse_other_uses(tree: ast.Module, at: int, names: set[str]) -> None:
    """Refuse all other uses of the names imported from dataclasses, and other objects with these names."""
    harmless = {id(method) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for method in node.body}
    harmless |= {id(alias) for alias in tree.body[at].names}  # type: ignore[attr-defined]  # an ImportFrom
    for node in ast.walk(tree):
        if id(node) in harmless or isinstance(node, ast.keyword):
            continue
        for attribute in ("id", "name", "asname", "arg", "rest"):
            if getattr(node, attribute, None) in names:
                raise RefusedError(node, f"`{getattr(node, attribute)}` for this, or for another thing,")


# --- one class ---


def _options(node: ast.ClassDef) -> Options | None:
    """Return the options of a class's `@dataclass`, None if it is not one."""
    decorators = [found for found in node.decorator_list if _is_named(_called(found), "dataclass")]
    if not decorators:
        return None
    if len(node.decorator_list) > 1:
        raise RefusedError(node, "another decorator with `@dataclass`")
    options = Options()
    for given in decorators[0].keywords if isinstance(decorators[0], ast.Call) else []:
        if given.arg not in {"frozen", "slots"} or not _is_truth(given.value):
            raise RefusedError(given.value, f"the option `{given.arg}` of `@dataclass`, given so,")
        setattr(options, given.arg, given.value.value)  # type: ignore[attr-defined]  # a Constant
    if isinstance(decorators[0], ast.Call) and decorators[0].args:
        raise RefusedError(node, "`@dataclass` with a positional argument")
    if not options.slots:
        raise RefusedError(node, "`@dataclass` without slots=True")
    return options


def _write_out(node: ast.ClassDef, options: Options) -> None:
    if node.keywords or any(not _is_named(_subscripted(base), "Generic") for base in node.bases):
        raise RefusedError(node, "a dataclass that inherits")
    bound = {name for statement in node.body for name in _bound(statement)}
    if wrong := sorted(bound & _MADE):
        raise RefusedError(node, f"a dataclass with a `{wrong[0]}` of its own")
    fields, last = list[Field](), 1 if ast.get_docstring(node, clean=False) is not None else 0
    annotated = {_target(statement) for statement in node.body if isinstance(statement, ast.AnnAssign)}
    for position, statement in enumerate(node.body):
        _refuse_shadowing(statement, annotated)
        if isinstance(statement, ast.AnnAssign):
            fields.append(_field(statement))
            _refuse_shadowing(statement, bound)
            statement.value = None
            last = position + 1
    named = {each.name for each in fields}
    if len(named) != len(fields) or named & bound:
        raise RefusedError(node, "a field that is bound twice")
    node.decorator_list = []
    node.body[last:last] = _at(node, "\n".join(_methods(fields, frozen=options.frozen)))


def _field(node: ast.AnnAssign) -> Field:
    target, annotation = node.target, ast.unparse(node.annotation)
    if not isinstance(target, ast.Name) or target.id.startswith("__") or target.id == "self":
        raise RefusedError(node, f"a field called {ast.unparse(target)}")
    for special in _UNFIELDED:
        if special in annotation:
            raise RefusedError(node, f"`{special}`")
    if node.value is None:
        return Field(target.id, annotation)
    if not _is_named(_called(node.value), "field"):
        return Field(target.id, annotation, default=ast.unparse(node.value))
    if not isinstance(node.value, ast.Call) or node.value.args:
        raise RefusedError(node, "`field` without keywords")
    return _field_of_call(target.id, annotation, node.value)


def _field_of_call(name: str, annotation: str, call: ast.Call) -> Field:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    factory, default = given.pop("default_factory", None), given.pop("default", None)
    if factory is not None and (default is not None or not isinstance(factory, ast.Name)):
        raise RefusedError(call, "a `default_factory` that is more than a name")
    for option, value in given.items():
        if option not in {"repr", "compare"} or not _is_truth(value):
            raise RefusedError(call, f"the option `{option}` of `field`, given so,")
    truths = {option: value.value for option, value in given.items() if isinstance(value, ast.Constant)}
    return Field(
        name,
        annotation,
        default=None if default is None else ast.unparse(default),
        factory=factory.id if isinstance(factory, ast.Name) else None,
        shown=bool(truths.get("repr", True)),
        compared=bool(truths.get("compare", True)),
    )


def _refuse_shadowing(statement: ast.stmt, names: set[str]) -> None:
    """Refuse a field, a constant or a method whose definition uses `names` of the class.

    With `@dataclass` the class body has them, fields with their defaults; in a written-out class it does not.
    """
    for inner in (node for each in _evaluated(statement) for node in ast.walk(each)):
        if isinstance(inner, ast.Name) and inner.id in names:
            raise RefusedError(statement, f"something made of `{inner.id}`, which the class binds,")
        if isinstance(inner, (ast.NamedExpr, ast.Await, ast.Yield)):
            raise RefusedError(statement, "a value that does more than it is")


def _evaluated(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the parts of a statement in a class's body that are evaluated when the class is made."""
    match statement:
        case ast.AnnAssign(value=ast.expr() as value) | ast.Assign(value=value):
            yield value
        case ast.FunctionDef(decorator_list=decorators, args=arguments):
            yield from decorators
            yield from arguments.defaults
            yield from (default for default in arguments.kw_defaults if default is not None)


def _target(node: ast.AnnAssign) -> str:
    return ast.unparse(node.target)


def _methods(fields: list[Field], *, frozen: bool) -> Iterator[str]:
    """Yield, as text, the methods that `@dataclass(slots=True)` makes: see Lib/dataclasses.py of Python 3.13."""
    names = [each.name for each in fields]
    compared = [each.name for each in fields if each.compared]
    yield f"__slots__ = {_tuple(map(repr, names))}"
    yield f"__match_args__ = {_tuple(map(repr, names))}"
    yield from _init(fields, frozen=frozen)
    yield "def __replace__(self, /, **changes):"
    kept = ", ".join(f"{name!r}: self.{name}" for name in names)
    yield f"    return self.__class__(**{{{kept}{', ' if kept else ''}**changes}})"
    yield f"@{_REPR}()"
    yield "def __repr__(self):"
    shown = ", ".join(f"{each.name}={{self.{each.name}!r}}" for each in fields if each.shown)
    yield f'    return f"{{self.__class__.__qualname__}}({shown})"'
    yield "def __eq__(self, other):"
    yield "    if self is other:"
    yield "        return True"
    yield "    if other.__class__ is self.__class__:"
    yield f"        return {' and '.join(f'self.{name} == other.{name}' for name in compared) or 'True'}"
    yield "    return NotImplemented"
    if not frozen:
        yield "__hash__ = None"
        return
    yield "def __hash__(self):"
    yield f"    return hash({_tuple(f'self.{name}' for name in compared)})"
    yield from _immutable(names)


def _init(fields: list[Field], *, frozen: bool) -> Iterator[str]:
    parameters = ["self"]
    for each in fields:
        default = _FACTORY if each.factory else each.default
        parameters.append(f"{each.name}: {each.annotation}" + ("" if default is None else f" = {default}"))
    yield f"def __init__({', '.join(parameters)}) -> None:"
    for each in fields:
        value = f"{each.factory}() if {each.name} is {_FACTORY} else {each.name}" if each.factory else each.name
        yield f"    {_SET}(self, {each.name!r}, {value})" if frozen else f"    self.{each.name} = {value}"
    if not fields:
        yield "    pass"


def _immutable(names: list[str]) -> Iterator[str]:
    is_field = f" or name in {{{', '.join(map(repr, names))}}}" if names else ""
    for method, more, verb in (("__setattr__", ", value", "assign to"), ("__delattr__", "", "delete")):
        yield f"def {method}(self, name{more}):"
        yield f"    if type(self) is __class__{is_field}:"
        yield "        from dataclasses import FrozenInstanceError"
        yield f'        raise FrozenInstanceError(f"cannot {verb} field {{name!r}}")'
        yield f"    super().{method}(name{more})"
    # For pickle and copy, which would otherwise use the method above.
    yield "def __getstate__(self):"
    yield f"    return [{', '.join(f'self.{name}' for name in names)}]"
    yield "def __setstate__(self, state):"
    yield f"    for name, value in zip({_tuple(map(repr, names))}, state):"
    yield f"        {_SET}(self, name, value)"


# --- syntax ---


def _at(place: ast.stmt, text: str) -> list[ast.stmt]:
    """Parse statements, and give them all the line of `place`."""
    body = ast.parse(text).body
    for statement in body:
        for node in ast.walk(statement):
            if hasattr(node, "lineno"):
                ast.copy_location(node, place)
    return body


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names, except fields, that a statement in a class's body binds."""
    match statement:
        case ast.AnnAssign() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return
        case ast.FunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets) if all(isinstance(target, ast.Name) for target in targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case _:
            raise RefusedError(statement, "a dataclass with more in it than fields, constants and methods")


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _subscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_truth(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _tuple(items: Iterator[str] | map[str]) -> str:
    listed = list(items)
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"


# --- the artefact ---


def bytecode(tree: ast.Module, source: bytes, inside: str) -> bytes:
    """Return the content of a .pyc file that imports do not compare with its source (PEP 552)."""
    code = builtins.compile(tree, inside, "exec", dont_inherit=True, optimize=0)
    flags = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def compile_all(folder: Path, inside: str) -> list[str]:
    """Compile every module of a folder; return the refused forms, as `file:line: reason`."""
    modules, refused = modules_of(folder), []
    in_path = imported_from(ENTRY, modules)
    for name, path in modules.items():
        source, place = path.read_bytes(), path.relative_to(folder).as_posix()
        try:
            tree = written_out(source) if name in in_path else ast.parse(source)
        except RefusedError as error:
            refused.append(
                f"{place}:{error.line}: {error} is not known to scripts/compile.py: write it otherwise, or add it there"
            )
            continue
        target = Path(importlib.util.cache_from_source(str(path), optimization=""))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(bytecode(tree, source, f"{inside.rstrip('/')}/{place}"))
    return refused


def main(arguments: list[str]) -> int:
    """Compile. Returns the exit code: 1 if a form is refused or this is not Python 3.13, 2 for unknown arguments."""
    match arguments:
        case [folder, inside]:
            if sys.version_info[:2] != PYTHON:
                sys.stderr.write("Lambda's Python 3.13 reads only its own bytecode: run this with Python 3.13.\n")
                return 1
            refused = compile_all(Path(folder), inside)
            sys.stderr.writelines(f"{line}\n" for line in refused)
            return 1 if refused else 0
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
