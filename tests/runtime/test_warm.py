"""Compiling ahead leaves the machine code of a whole run in the cache."""

from seawall.runtime.warm import compile_kernels, is_compiled


def test_after_compiling_a_run_is_compiled() -> None:
    """The folder is there and holds the outermost function of a run."""
    folder = compile_kernels()
    assert is_compiled()
    assert any(folder.rglob("loop.run_at-*.nbi"))
