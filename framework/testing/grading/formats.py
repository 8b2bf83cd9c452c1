"""Results as other programs read them: JSON, JUnit XML, CSV, and Gradescope's results.json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree

import framework
from framework.testing.grading.results import Report, Result, plain


def as_dict(report: Report) -> dict[str, Any]:
    """Return a report as plain numbers, strings, lists and dictionaries."""
    return {
        "submission": report.submission,
        "passed": report.passed,
        "points": report.points,
        "max_points": report.max_points,
        "seconds": round(report.seconds, 3),
        "results": [
            {
                "component": each.component,
                "check": each.check,
                "passed": each.passed,
                "checked": each.checked,
                "message": each.message,
                "seconds": round(each.seconds, 3),
                "points": each.points,
                "max_points": each.max_points,
            }
            for each in report.results
        ],
        "others": list(report.others),
        "output": report.output,
        "framework": framework.__version__,
    }


def as_json(reports: Sequence[Report]) -> str:
    """Return JSON: an object for one report, ``{"submissions": [...]}`` for several."""
    held = [as_dict(report) for report in reports]
    return json.dumps(held[0] if len(held) == 1 else {"submissions": held}, indent=2, ensure_ascii=False) + "\n"


def as_junit(reports: Sequence[Report]) -> str:
    """Return JUnit XML, a suite for each submission, as GitLab, Jenkins and GitHub's actions read it.

    A check that did not pass is a failure, and one that could not run an error. The points are properties of the suite.
    """
    root = ElementTree.Element("testsuites", name="framework.testing")
    for report in reports:
        failures, errors = (
            sum(not r.passed and r.checked is checked for r in report.results) for checked in (True, False)
        )
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=plain(report.submission),
            tests=str(len(report.results)),
            failures=str(failures),
            errors=str(errors),
            skipped="0",
            time=f"{report.seconds:.3f}",
            timestamp=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("points", report.points), ("max_points", report.max_points)):
            ElementTree.SubElement(properties, "property", name=name, value=f"{value:g}")
        for result in report.results:
            _add_case(suite, report, result)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ElementTree.Element, report: Report, result: Result) -> None:
    place = ".".join(PurePath(report.submission).with_suffix("").parts).strip("./")
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=plain(f"{place}.{result.component}"),
        name=plain(result.check),
        time=f"{result.seconds:.3f}",
    )
    if not result.passed:
        kind = "failure" if result.checked else "error"
        lines = [line.strip() for line in plain(result.message).splitlines()] or [""]
        first = " ".join(lines[:2])
        ElementTree.SubElement(case, kind, message=first, type="AssertionError").text = plain(result.message)


def as_csv(reports: Sequence[Report]) -> str:
    """Return a table for a gradebook: a row for each submission, with its points, whole and by component."""
    columns = list(dict.fromkeys(result.component for report in reports for result in report.results))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["submission", "points", "max_points", *columns])
    for report in reports:
        by_component: dict[str, float] = {}
        for result in report.results:
            by_component[result.component] = by_component.get(result.component, 0) + result.points
        cells = [f"{by_component[name]:g}" if name in by_component else "" for name in columns]
        writer.writerow([report.submission, f"{report.points:g}", f"{report.max_points:g}", *cells])
    return text.getvalue()


def as_gradescope(report: Report) -> str:
    """Return Gradescope's ``results.json``: a test for each check."""
    tests = [
        {
            "name": f"{each.component}: {each.check}",
            "score": each.points,
            "max_score": each.max_points,
            "status": "passed" if each.passed else "failed",
            "output": each.message,
            "output_format": "text",
            "visibility": "visible",
        }
        for each in report.results
    ]
    held = {
        "score": report.points,
        "execution_time": round(report.seconds),
        "output": report.summary,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"
