"""When to record and when to play: warm up, record, compare, play, forget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from framework.engine.replay.call import Call
from framework.engine.replay.player import Play, compile_tape
from framework.engine.replay.recording import Recording

# Playing saves little where arrays are large, and each array that is allocated is kept for it.
RECORDED_ELEMENTS = 1 << 18
RECORDED_PARAMETERS = 1 << 20  # where there are more, a step takes over a millisecond, and comparing copies them all
LONGEST_WAIT = 1 << 16


class Policy:
    """How often a piece of work runs as ordinary code before it is recorded.

    Recordings become stale when an argument of a component is assigned. The more often that happens, the longer the
    wait for the next one: it doubles each time, up to 65,536.

    Parameters
    ----------
    wait : int
        Which run is recorded: 2 for the second.
    most : int
        How many recordings may be made before they are forgotten.
    """

    def __init__(self, wait: int, most: int) -> None:
        self.wait = wait
        self.most = most
        self.recorded = 0

    def forget(self) -> None:
        """Count all recordings as stale."""
        if self.recorded:
            self.wait = min(2 * self.wait, LONGEST_WAIT)
        self.recorded = 0


class Replay:
    """One piece of work on batches of one kind: run as ordinary code, recorded, compared, then played.

    Parameters
    ----------
    policy : Policy
    n, widest, parameters : int
        The batch size, the elements of the largest array that one sample becomes, and the parameters of the network.

    Attributes
    ----------
    calls : list of Call
        What was recorded.
    tape : list of callables, or None
        What plays it; None as long as the work runs as ordinary code.
    trusted : bool
        Whether playing and the ordinary code have given the same on a batch that is not the recorded one.
    problem : str or None
        Why it is never recorded, or never played.
    """

    def __init__(self, policy: Policy, n: int, widest: int, parameters: int) -> None:
        self.policy = policy
        self.calls: list[Call] = []
        self.tape: list[Play] | None = None
        self.trusted = False
        self.problem: str | None = None
        if n * widest > RECORDED_ELEMENTS:
            self.problem = f"a batch of {n} is so large that it would gain little"
        if parameters > RECORDED_PARAMETERS:
            self.problem = f"the network is so large ({parameters} parameters) that it would gain little"
        self._made = 0

    def due(self) -> bool:
        """Count a run of the work; return whether this one should be recorded."""
        self._made += 1
        if self.problem is not None or self._made != self.policy.wait:
            return False
        if self.policy.recorded >= self.policy.most:
            self.problem = f"there are more than {self.policy.most} kinds of batches"
            return False
        return True

    def judge(self, problem: str | None) -> None:
        """Trust the tape, or give it up because of a `problem`."""
        self.problem, self.trusted = problem, problem is None
        if problem is not None:
            self.tape = None

    def start_over(self) -> None:
        """Forget what was recorded; record the next run of the work instead."""
        self.tape, self._made = None, self.policy.wait - 1
        self.policy.recorded -= 1

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Give a recording to make the work with; what was recorded is compared once, and then played."""
        recording = Recording()
        try:
            yield recording
        except BaseException:
            self._made = 0
            raise
        finally:
            self.calls = recording.close()
        self.problem = recording.problem
        self.policy.recorded += 1
        if self.problem is None:
            self.tape = compile_tape(self.calls)
