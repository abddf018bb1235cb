"""Builds what setup.cfg describes, after one step it cannot express: the chart library is fetched first."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FETCH = Path(__file__).parent / "deploy" / "fetch_assets.py"


class BuildWithAssets(build_py):
    def run(self) -> None:
        runpy.run_path(str(FETCH))["fetch"]()
        super().run()


setup(cmdclass={"build_py": BuildWithAssets})
