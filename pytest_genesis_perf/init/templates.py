"""The texts that ``genesis-perf init`` writes; the recipes in the docs show the same."""

from __future__ import annotations

TEST = '''\
"""A slow path and a fast one: the same results, and how much faster. Put your own two in the place of these."""

PRICES = [(f"item {number}", number * 1.01) for number in range(200)]
WANTED = [f"item {number}" for number in range(0, 200, 4)]


def searched():
    return [price for wanted in WANTED for name, price in PRICES if name == wanted]


def looked_up():
    prices = dict(PRICES)
    return [prices[wanted] for wanted in WANTED]


def test_looking_up_is_searching(genesis_perf):
    genesis_perf.compare(baseline=searched, optimized=looked_up, min_speedup=3.0, work="50 of 200 prices")
'''
WORKFLOW = """\
name: genesis-perf
on: [push, pull_request]

jobs:
  genesis-perf:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install {install}
      - run: python -m pytest {test} --genesis-perf --genesis-perf-report=reports
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: genesis-perf
          path: reports
"""
GITLAB_JOB = """\
genesis-perf:
  image: python:3.12
  script:
    - python -m pip install {install}
    - python -m pytest {test} --genesis-perf --genesis-perf-report=reports --junitxml=junit.xml
  artifacts:
    when: always
    paths: [reports]
    reports:
      junit: junit.xml
"""
