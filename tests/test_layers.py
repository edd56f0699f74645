"""The direction of the imports, and what is public."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MEDIA = {"aiohttp", "aiortc", "asyncio", "av", "stream"}
ABOVE = {"bench", "examples", "tests", "training"}


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize(("package", "forbidden"), [("pipeline", MEDIA | ABOVE), ("stream", ABOVE)])
def test_nothing_is_imported_against_the_direction(package: str, forbidden: set[str]) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert len(files) > 5
    for path in files:
        assert not forbidden & set(imported(path)), path


@pytest.mark.parametrize("package", ["pipeline", "stream"])
def test_public_names_are_sorted_and_there(package: str) -> None:
    module = importlib.import_module(package)
    assert list(module.__all__) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("package", ["pipeline", "stream"])
def test_whatever_a_package_imports_by_name_is_public(package: str) -> None:
    module = importlib.import_module(package)
    tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
    names = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert names == set(module.__all__)
