"""A submission in a process of its own costs no more than its points, whatever it does, and cannot give itself any."""

import re
import sys
import time
from types import SimpleNamespace

import pytest
from submissions import HEAD, cubic

from framework.testing import grade
from framework.testing.grading.process import WorkerProcess

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these signals nor limits")

# What the class of each name does when it is called, and what the message says.
DEEDS = {
    "Leaves": ("sys.exit(0)", r"Leaves calls sys.exit\(\)\n    at line \d+ of homework.py: sys.exit\(0\)"),
    "Asks": ("input()", "EOFError"),
    "Forks": ("os.fork()", "PermissionError.*starts or stops another process"),
    "Kills": ("os.kill(os.getppid(), 9)", "PermissionError.*starts or stops another process"),
    "Calls": ("import subprocess; subprocess.run(['ls'])", "PermissionError.*starts or stops another process"),
    "Writes": ("open(__file__, 'a').write('#')", "PermissionError.*writes to .*homework.py"),
    "Deletes": ("os.remove(__file__)", "PermissionError.*changes .*homework.py"),
    "Searches": ("import gc; gc.get_objects()", "PermissionError.*looks for objects of the grader"),
    "Connects": ("import socket; socket.socket().connect(('127.0.0.1', 1))", "PermissionError.*uses the network"),
    "Allocates": ("np.ones((10**6, 10**6))", "MemoryError.*the limit is 900 MB"),
    "Dies": ("os._exit(0)", r"Dies ended the process with exit code 0, as os._exit\(0\) does"),
    "Loops": ("while True: pass", r"Loops was stopped: it took more than 2 s .*at line \d+ of homework.py"),
    "Crashes": ("import ctypes; ctypes.string_at(0)", r"Crashes crashed the process \(SIG\w+\)\n    at line \d+ of"),
    "Floods": ("while True: print('x' * 10**5)", "Floods was stopped: it printed more than 10 MB"),
    "Hides": ("raise type('E', (Exception,), {'__str__': lambda self: sys.exit()})", "Hides calls sys.exit"),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("submission") / "homework.py"
    classes = [cubic(name, deed) for name, (deed, _) in DEEDS.items()]
    path.write_text(HEAD + "".join(classes) + cubic("Fine"), encoding="utf-8")
    return grade(path, timeout=2, memory=900)


@posix
@pytest.mark.parametrize("name", DEEDS)
def test_each_deed_costs_its_points_and_is_named(report, name):
    (result,) = [result for result in report.results if result.component == name]
    assert (result.passed, result.points) == (False, 0)
    assert re.search(DEEDS[name][1], result.message, re.DOTALL), result.message


@posix
def test_what_comes_after_is_still_checked(report):
    assert [result.component for result in report.results] == [*DEEDS, "Fine"]
    assert [result.component for result in report.results if result.passed] == ["Fine"]
    assert report.points == 1
    assert not report.passed


@posix
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("def broken(:", r"homework.py, line \d+: SyntaxError"),
        ("import nothing_of_this_name", r"homework.py, line \d+: ModuleNotFoundError.*\n    import nothing"),
        ("np.isclose = lambda *a, **k: True", r"replaces numpy\.isclose"),
    ],
)
def test_a_submission_that_does_not_load_fails_whole(submission, statement, words):
    report = grade(submission(cubic("Cubic"), statement), {"Cubic": 3, "Other": 2})
    assert (report.points, report.max_points) == (0, 5)
    for result in report.results:
        assert re.search(words, result.message), result.message


@posix
def test_results_come_from_no_other_channel(submission):
    forged = """
        import json
        line = json.dumps(dict(token="", kind="result", row=0, passed=True, message="", seconds=0)) + "\\n"
        sys.stdout.write(line)
        for descriptor in range(1, 12):
            try:
                os.write(descriptor, line.encode())
            except OSError:
                pass
    """
    report = grade(submission(cubic("Wrong", slope="z"), forged))
    assert [result.passed for result in report.results] == [False]
    assert "derivative" in report.results[0].message
    assert '"passed": true' in report.output


@posix
def test_frames_hold_no_way_to_send_a_result(submission):
    search = """
        frame, found = sys._getframe(), []
        while frame:
            found += [name for name, value in frame.f_locals.items() if name in ("send", "token", "task")]
            frame = frame.f_back
        print(found)
    """
    report = grade(submission(cubic("Cubic"), search))
    assert report.passed
    assert report.output == "[]"


@posix
def test_a_replaced_check_is_noticed_afterwards(submission):
    deed = "import framework.testing.core.report as r; r.Subject.require.__code__ = (lambda *a, **k: None).__code__"
    report = grade(submission(cubic("Wrong", deed, slope="z")))
    assert "replaces framework.testing.core.report.Subject.require" in report.results[0].message
    assert report.points == 0


@posix
def test_the_whole_time_is_limited(submission):
    begin = time.monotonic()
    report = grade(submission("while True: pass"), {"A": 1, "B": 1}, total_timeout=0.8)
    assert time.monotonic() - begin < 10
    assert ["took more than 0.8 s" in result.message for result in report.results] == [True, True]


def test_a_process_gets_neither_secrets_nor_the_folder(submission, monkeypatch):
    monkeypatch.setenv("A_SECRET", "42")
    place = "print(os.environ.get('A_SECRET'), os.getcwd() == os.environ['HOME'], __name__, os.listdir())\n"
    report = grade(submission(cubic("Cubic"), place, "open('notes.txt', 'w').write('fine')\n"))
    assert report.passed
    assert report.output == "None True submission []"


@posix
def test_data_beside_a_submission_can_be_read_and_not_written(submission, tmp_path):
    (tmp_path / "data.csv").write_text("0.5", encoding="utf-8")
    report = grade(submission("scale = float(np.loadtxt('data.csv'))\n", cubic("Cubic", "float('1') * scale")))
    assert report.passed
    report = grade(submission("open('data.csv', 'w')\n", cubic("Cubic")))
    assert "writes to data.csv" in report.results[0].message


def test_functions_of_a_rubric_need_a_file(submission, tmp_path):
    path = submission(cubic("Cubic"))
    with pytest.raises(ValueError, match="write it into a Python file"):
        grade(path, {"Cubic": {"seeds": lambda: 1}})
    rubric = tmp_path / "rubric.py"
    rubric.write_text("RUBRIC = {'Cubic': {'points': 2, 'seeds': (number for number in (3, 4))}}", encoding="utf-8")
    assert grade(path, rubric).points == 2


def test_a_file_beside_a_submission_is_imported_but_replaces_nothing(submission, tmp_path):
    (tmp_path / "helper.py").write_text("power = 3\n", encoding="utf-8")
    (tmp_path / "json.py").write_text("raise RuntimeError\n", encoding="utf-8")
    path = submission("from helper import power\nimport json\n", cubic("Cubic"))
    assert grade(path).passed
    assert not (tmp_path / "__pycache__").exists()


@posix
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended the process with exit code 0"),
        (3, "ended the process with exit code 3"),
        (-6, r"crashed the process \(SIGABRT\)$"),
        (-9, r"crashed the process \(SIGKILL\): out of memory\?"),
    ],
)
def test_an_exit_is_told_from_a_crash(code, words):
    worker = object.__new__(WorkerProcess)
    vars(worker)["_process"] = SimpleNamespace(wait=lambda timeout: code)
    assert re.match(words, worker.end())
