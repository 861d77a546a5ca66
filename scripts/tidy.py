"""The checks of the house style; tests/test_tidy.py runs them, test_tidy_checks.py tests them.

Rule 1: a message names file, line, what is wrong and what to write in its place.
Rule 2: an exception stands in a table with its reason, never inside a check.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PURE_ROOMS = [
    *("model", "kernels", "features", "signals", "strategies"),
    *("portfolio", "execution", "risk", "simulator", "engine", "config"),
]
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 110

# Full name of what is banned in pure rooms -> what to do in its place.
CLOCK = "time comes in with the event: take a ts argument"
CHANCE = "draws are keyed by order and seed: take the number, or a seeded counter, as an argument"
WORLD = "files, processes and the environment are for store/ and runtime/: take the value"
BANNED = {
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.date.today": CLOCK,
    "time": CLOCK,
    "random": CHANCE,
    "numpy.random": CHANCE,
    "secrets": CHANCE,
    "uuid": "ids are functions of the run and the sequence",
    "os": WORLD,
    "open": WORLD,
    "input": WORLD,
    "print": "return the text; the command line prints it",
    "hash": "it differs between processes: use hashlib, or the value itself",
    "id": "it differs between processes: use the object's own number",
}
BANNED_METHODS = {"read_text", "write_text", "read_bytes", "write_bytes"}
# What pure rooms may import. Anything else needs a line here, with its reason.
PURE_IMPORTS = {
    "__future__", "abc", "ast", "bisect", "collections", "dataclasses", "datetime", "decimal", "difflib",
    "enum", "fractions", "functools", "gc", "hashlib", "heapq", "inspect", "itertools", "json", "math",
    "msgspec", "numpy", "operator", "re", "seawall", "statistics", "string", "struct", "textwrap", "tomllib",
    "types", "typing",
}  # fmt: skip
KERNEL_IMPORTS = {"__future__", "collections", "math", "numba", "numpy", "seawall", "typing"}
# jit.py keeps the compiler's cache: the one pure module that looks at files, at import only.
IMPURE_ON_PURPOSE = {"src/seawall/kernels/jit.py"}
# Sums whose order of additions depends on the length: chunks would change the last bit.
REORDERING = {"numpy.sum", "numpy.nansum", "numpy.mean", "numpy.nanmean", "numpy.std", "numpy.var"} | {
    "numpy.dot", "numpy.cumsum", "numpy.average", "numpy.inner", "numpy.vdot", "numpy.convolve",
}  # fmt: skip
REORDERING_METHODS = {"sum", "mean", "std", "var", "dot", "cumsum"}
ARRAY_ATTRIBUTES = {"shape", "size", "ndim", "dtype", "T", "copy", "fill", "view", "astype"}
# Modules without a test file of their own name.
UNTESTED = {
    "__init__": "it holds a docstring and names; tests/test_exports.py checks them",
    "__main__": "one call; tests/test_wheel.py runs it",
}


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the repository's root, and its text."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the parsed file."""
        return list(ast.walk(self.tree))

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> full dotted name, for every import of the file."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    first = alias.name.split(".")[0]
                    names[alias.asname or first] = alias.name if alias.asname else first
            elif isinstance(node, ast.ImportFrom):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    def says(self, node: ast.AST, message: str) -> str:
        """A message with its place."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"

    def full_name(self, node: ast.AST) -> str:
        """`np.random.rand` -> `numpy.random.rand`; empty for what is not a dotted name."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.full_name(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function of the file, methods and inner ones too."""
        yield from (node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def kernels(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every compiled function of the file."""
        for function in self.functions():
            if any(self.full_name(each).split(".")[-1] == "kernel" for each in function.decorator_list):
                yield function


Check = Callable[[Source], list[str]]


def name_of(check: object) -> str:
    """The name of a check, for the list of tests."""
    return getattr(check, "__name__", str(check))


def _below(folder: str) -> list[Path]:
    """All files below a folder, without what stands in a dot-folder (environments, caches)."""
    root = REPOSITORY / folder
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return [path for path in paths if not any(part[0] == "." for part in path.relative_to(root).parts)]


def sources(folder: str) -> list[Source]:
    """All Python files below a folder of the repository."""
    paths = [path for path in _below(folder) if path.suffix == ".py"]
    return [Source(path.relative_to(REPOSITORY).as_posix(), path.read_text("utf-8")) for path in paths]


def texts() -> list[tuple[str, str]]:
    """Every text file of the project that people write, as path and content."""
    written = {".py", ".md", ".toml", ".sh", ".yml", ".css"}
    paths = [path for path in REPOSITORY.iterdir() if path.suffix in written or path.name == "Makefile"]
    for folder in ("src", "tests", "docs", "scripts", "benchmarks", "examples", "desks"):
        paths += [path for path in _below(folder) if path.suffix in written]
    return [(path.relative_to(REPOSITORY).as_posix(), path.read_text("utf-8")) for path in sorted(paths)]


def is_pure(source: Source) -> bool:
    """Whether the file belongs to a room without clock, files and chance."""
    parts = source.path.split("/")
    return len(parts) > 2 and parts[:2] == ["src", "seawall"] and parts[2].removesuffix(".py") in PURE_ROOMS


def _banned(name: str) -> str | None:
    """The remedy for a banned full name, or for anything inside a banned module."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        if remedy := BANNED.get(".".join(parts[:length])):
            return remedy
    return None


def banned_calls(source: Source) -> list[str]:
    """No clock, chance, file or environment, called or passed on."""
    if source.path in IMPURE_ON_PURPOSE:
        return []
    bound = {
        node.id for node in source.nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound |= {node.arg for node in source.nodes if isinstance(node, ast.arg)}
    messages: list[str] = []
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = source.full_name(node)
            local = name.split(".")[0] in bound and name.split(".")[0] not in source.imported
            if name in BANNED or (name and "." in name and _banned(name.rpartition(".")[0]) and not local):
                if not local:
                    messages.append(source.says(node, f"`{name}` in a pure room; {_banned(name)}"))
            elif isinstance(node, ast.Attribute) and node.attr in BANNED_METHODS:
                messages.append(source.says(node, f"`.{node.attr}` in a pure room; {WORLD}"))
    return messages


def banned_imports(source: Source) -> list[str]:
    """Pure rooms import from a short list; scipy in portfolio/ alone, inside functions."""
    if source.path in IMPURE_ON_PURPOSE:
        return []
    room = source.path.split("/")[2]
    allowed = KERNEL_IMPORTS if room == "kernels" else PURE_IMPORTS
    messages: list[str] = []
    for node in source.nodes:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "."]
        else:
            continue
        for module in modules:
            first = module.split(".")[0]
            if first == "scipy" and room == "portfolio" and node.col_offset > 0:
                continue
            if first not in allowed:
                remedy = _banned(first) or "what pure code needs from the world comes in as data"
                messages.append(source.says(node, f"import of `{module}` in a pure room; {remedy}"))
    return messages


def compiled_arithmetic(source: Source) -> list[str]:
    """No fast-math, no parallel loops and no reordered sums: the same bits for any chunking."""
    messages: list[str] = []
    for node in source.nodes:
        if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel"):
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                messages.append(source.says(node.value, f"`{node.arg}` changes results; leave it out"))
        elif isinstance(node, ast.Name | ast.Attribute) and source.path not in IMPURE_ON_PURPOSE:
            name = source.full_name(node)
            if name in ("numba.njit", "numba.jit", "numba.vectorize", "numba.prange", "numba.guvectorize"):
                messages.append(source.says(node, f"`{name}`; compile with seawall.kernels.jit.kernel"))
    for function in source.kernels():
        for node in ast.walk(function):
            name = source.full_name(node)
            method = node.attr if isinstance(node, ast.Attribute) else ""
            if name in REORDERING or (
                method in REORDERING_METHODS and not name.startswith(("numpy", "math"))
            ):
                messages.append(
                    source.says(node, f"`{name or method}` adds in its own order; write the loop")
                )
            elif isinstance(node, ast.Call) and source.full_name(node.func) == "sum":
                messages.append(source.says(node, "`sum` in a kernel; write the loop"))
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                messages.append(source.says(node, "`@` adds in its own order; write the loop"))
    return messages


def record_fields(source: Source) -> list[str]:
    """Kernels reach fields as record["field"]: the plain Python twin knows no other way."""
    messages: list[str] = []
    for function in source.kernels():
        local = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
        local |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
        for node in ast.walk(function):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
                continue
            if node.value.id in local and node.attr not in ARRAY_ATTRIBUTES | REORDERING_METHODS:
                name = f"{node.value.id}.{node.attr}"
                messages.append(
                    source.says(node, f'`{name}` in a kernel; write {node.value.id}["{node.attr}"]')
                )
    return messages


def _is_set(source: Source, node: ast.AST, known: frozenset[str]) -> bool:
    """Whether an expression is plainly a set: a literal, a call, an operation, a known name."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return _is_set(source, node.left, known) or _is_set(source, node.right, known)
    if isinstance(node, ast.Name):
        return node.id in known
    return isinstance(node, ast.Call) and source.full_name(node.func) in ("set", "frozenset")


def _set_names(source: Source, scope: ast.AST) -> frozenset[str]:
    """The names of a scope that are bound to a set or annotated as one."""
    names: set[str] = set()
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and _is_set(source, node.value, frozenset()):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = node.arg if isinstance(node, ast.arg) else getattr(node.target, "id", "")
            if re.match(r"(set|frozenset)\b", ast.unparse(node.annotation)):
                names.add(name)
    return frozenset(names)


def iteration_over_sets(source: Source) -> list[str]:
    """The order of a set differs between processes: nothing may depend on it."""
    messages: dict[str, None] = {}
    for scope in [source.tree, *source.functions()]:
        known = _set_names(source, scope) if scope is not source.tree else frozenset[str]()
        for node in ast.walk(scope):
            walked: list[ast.AST] = []
            if isinstance(node, ast.For | ast.comprehension | ast.AsyncFor):
                walked = [node.iter]
            elif isinstance(node, ast.Starred):
                walked = [node.value]
            elif isinstance(node, ast.Call) and node.args:
                ordered = source.full_name(node.func) in ("list", "tuple", "enumerate", "iter", "zip", "map")
                joined = isinstance(node.func, ast.Attribute) and node.func.attr == "join"
                walked = list(node.args) if ordered or joined else []
            for each in walked:
                if _is_set(source, each, known):
                    messages[source.says(each, "iteration over a set; write sorted(...) or use a dict")] = (
                        None
                    )
    return list(messages)


def warnings_and_traps(source: Source) -> list[str]:
    """No warnings and no debugger: a fault is an error or a recorded decision."""
    traps = {"warnings.warn": "raise an error of model/errors.py", "breakpoint": "remove it"}
    return [
        source.says(node, f"`{source.full_name(node)}`; {traps[source.full_name(node)]}")
        for node in source.nodes
        if source.full_name(node) in traps
    ]


def module_docstring(source: Source) -> list[str]:
    """A file opens with its purpose."""
    if ast.get_docstring(source.tree):
        return []
    return [f"{source.path}:1: no module docstring; open with the file's purpose and its rules"]


def exports(source: Source) -> list[str]:
    """`__all__` stands in every module, sorted; test_exports.py checks that it is true.

    Sorted plainly, or constants first, then classes, then functions, as ruff sorts it.
    """
    if source.path.endswith(("__init__.py", "__main__.py")):
        return []
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = ast.literal_eval(node.value)
            by_kind = sorted(names, key=lambda name: (not name.isupper(), name[:1].islower(), name))
            return [] if names in (sorted(names), by_kind) else [source.says(node, "`__all__` is not sorted")]
    return [f"{source.path}:1: no `__all__`; list the public names, sorted"]


def test_docstrings(source: Source) -> list[str]:
    """Each test says in one sentence what is true."""
    return [
        source.says(function, f"`{function.name}` has no docstring; say in one sentence what is true")
        for function in source.functions()
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]


def no_sleeping(source: Source) -> list[str]:
    """Time is an argument, so no test waits for it."""
    found = [node for node in source.nodes if source.full_name(node) in ("time.sleep", "asyncio.sleep")]
    return [source.says(node, "sleeping in a test; pass the time, or wait for the event") for node in found]


def file_size(source: Source) -> list[str]:
    """A file is read in one sitting."""
    lines = source.text.count("\n")
    if lines <= FILE_LINES_MAX:
        return []
    return [f"{source.path}:1: {lines} lines, at most {FILE_LINES_MAX}; one noun, one file"]


def function_size(source: Source) -> list[str]:
    """A function fits on a screen."""
    messages: list[str] = []
    for function in source.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            message = f"`{function.name}` has {lines} lines, at most {FUNCTION_LINES_MAX}; name its parts"
            messages.append(source.says(function, message))
    return messages


def line_length(source: Source) -> list[str]:
    """Two files stand side by side on a laptop."""
    return [
        f"{source.path}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}; break the line"
        for number, line in enumerate(source.text.splitlines(), 1)
        if len(line) > LINE_COLUMNS_MAX
    ]


def left_overs(path: str, text: str) -> list[str]:
    """Work that is not done stands in the tracker, not in a comment."""
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    return [
        f"{path}:{number}: left-over `{found.group()}`; do it, or drop it"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := words.search(line))
    ]


def machine_paths(path: str, text: str) -> list[str]:
    """A path of one machine is wrong on every other."""
    rooted = re.compile(r"(?<![\w.$}~/-])/(?:home|root|work|Users|mnt|opt|var)/\w+|[A-Z]:\\\\?Users")
    return [
        f"{path}:{number}: `{found.group()}` is a path of one machine; make it relative"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := rooted.search(line))
    ]


def one_title(path: str, text: str) -> list[str]:
    """A page of documentation has one `# Title`, and opens with it."""
    if not path.endswith(".md"):
        return []
    prose = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^# \S.*$", prose, re.MULTILINE)
    if len(titles) == 1 and text.lstrip().startswith("# "):
        return []
    return [f"{path}:1: {len(titles)} titles; open with one `# Title`, use ## below it"]


def broken_links(path: str, text: str) -> list[str]:
    """A relative link of a page leads to a file of the project."""
    if not path.endswith(".md"):
        return []
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", text)
    return [
        f"{path}:1: the link to `{target}` leads nowhere; mend it"
        for target in targets
        if not (REPOSITORY / path).parent.joinpath(target).exists()
    ]


def unlocked(path: str, text: str) -> list[str]:
    """A lock names versions and hashes, and no index: which one to ask is the user's business."""
    requirements = re.findall(r"^[A-Za-z0-9].*$", text.replace("\\\n", " "), re.MULTILINE)
    messages = [
        f"{path}:1: `{each.split()[0]}` has no hash; run make lock"
        for each in requirements
        if "--hash=sha256:" not in each or "==" not in each
    ]
    if re.search(r"://|--(extra-)?index|--find-links", text):
        messages.append(f"{path}:1: it names an index; run make lock")
    return messages


def lacks_its_test(path: str, tests: set[str]) -> list[str]:
    """src/seawall/<room>/<noun>.py is tested by tests/<room>/test_<noun>.py."""
    *rooms, name = path.removeprefix("src/seawall/").removesuffix(".py").split("/")
    expected = "/".join(["tests", *rooms, f"test_{name}.py"])
    if name in UNTESTED or expected in tests:
        return []
    return [f"{path}:1: no test file; write {expected}"]


PURE_CHECKS: list[Check] = [banned_calls, banned_imports]
SOURCE_CHECKS: list[Check] = [
    *(compiled_arithmetic, record_fields, iteration_over_sets),
    *(warnings_and_traps, module_docstring, exports),
]
TEST_CHECKS: list[Check] = [test_docstrings, no_sleeping]
PYTHON_CHECKS: list[Check] = [file_size, function_size, line_length]
TEXT_CHECKS = [left_overs, machine_paths, one_title, broken_links]
