"""A list of named checks: each is a function that raises when what it expects does not hold."""

import sys
import time
import traceback


class Checks:
    def __init__(self, driver):
        self.driver = driver
        self.entries = []

    def __call__(self, function):
        """Registers a check; its name is the function's, its docstring says what must hold."""
        self.entries.append(function)
        return function

    def run(self, *context):
        """Runs every check, prints a line for each, and exits with the verdict."""
        chosen = sys.argv[1:]
        failed = 0
        started = time.monotonic()
        entries = [entry for entry in self.entries if not chosen or entry.__name__ in chosen]
        for entry in entries:
            try:
                entry(*context)
                print(f"ok    {entry.__name__}")
            except Exception as error:  # the verdict on this check; the next one still runs
                failed += 1
                place = traceback.extract_tb(error.__traceback__)
                ours = [frame for frame in place if frame.filename.endswith(f"{self.driver}.py")]
                line = ours[-1].lineno if ours else "?"
                print(f"FAIL  {entry.__name__} (line {line}): {type(error).__name__}: {error}")
        print(f"{self.driver}: {len(entries)} checks, {failed} failed, {time.monotonic() - started:.1f} s")
        sys.exit(1 if failed or not entries else 0)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def has(container, *members):
    missing = [member for member in members if member not in container]
    assert not missing, f"{missing!r} not in {sorted(container) if isinstance(container, (dict, set)) else container!r}"


def raises(kind, call, *arguments, **named):
    """The exception of `kind` that the call must raise."""
    try:
        answer = call(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the answer {answer!r}")
