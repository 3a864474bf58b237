"""What an installation is made of."""

from __future__ import annotations

import ast
import configparser
from pathlib import Path

from twisted.application.service import IServiceMaker
from twisted.python.reflect import namedAny
from twisted.trial.unittest import SkipTest, SynchronousTestCase

import twisted_chat

ROOT = Path(twisted_chat.__file__).parents[1]


class PackageTests(SynchronousTestCase):
    """The files that make the package: they are looked at in the checkout."""

    def setUp(self) -> None:
        if not (ROOT / "setup.cfg").exists():
            raise SkipTest("the package is installed: there is no checkout to look at")
        self.config = configparser.ConfigParser(interpolation=None)
        self.config.read(ROOT / "setup.cfg", encoding="utf-8")

    def words(self, section: str, option: str) -> list[str]:
        """The lines of an option of setup.cfg."""
        return self.config[section][option].split("\n")[1:]

    def test_plugin_directory(self) -> None:
        """Beside the plugin there is no `__init__.py`: it would take the place of Twisted's own and hide its plugins."""
        self.assertEqual([path.name for path in (ROOT / "twistd_plugins").glob("*.py")], ["tcpchat_plugin.py"])

    def test_plugin_is_installed(self) -> None:
        """The plugin's directory becomes a part of `twisted.plugins`, in editable installations too."""
        self.assertEqual(self.config["options"]["py_modules"], "twisted.plugins.tcpchat_plugin")
        self.assertEqual(self.words("options", "package_dir"), ["twisted.plugins = twistd_plugins"])
        self.assertEqual(self.config["editable_wheel"]["mode"], "strict")

    def test_plugin(self) -> None:
        """The plugin is one service maker, called as the command is."""
        source = (ROOT / "twistd_plugins" / "tcpchat_plugin.py").read_text(encoding="utf-8")
        names: dict[str, object] = {}
        exec(source, names)
        (maker,) = [thing for thing in names.values() if IServiceMaker.providedBy(thing)]
        self.assertEqual((maker.tapname, maker.module), ("tcpchat", "twisted_chat.service"))

    def test_build_system_only(self) -> None:
        """`pyproject.toml` says how the package is built and nothing else: the rest is in setup.cfg, once."""
        lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        self.assertEqual([line for line in lines if line.startswith("[")], ["[build-system]"])

    def test_init_says_what(self) -> None:
        """A package's `__init__.py` is a docstring, and at the top the version: importing it does nothing."""
        for path in (ROOT / "twisted_chat").rglob("__init__.py"):
            first, *rest = ast.parse(path.read_text(encoding="utf-8")).body
            self.assertTrue(isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant), path)
            version = ["__version__"] if path.parent.name == "twisted_chat" else []
            assigned = [ast.unparse(target) for node in rest if isinstance(node, ast.Assign) for target in node.targets]
            self.assertEqual((len(rest), assigned), (len(version), version), path)

    def test_every_package_is_found(self) -> None:
        """Every directory with Python in it is a package: setuptools leaves others out."""
        directories = {path.parent for path in (ROOT / "twisted_chat").rglob("*.py")}
        self.assertEqual([path for path in directories if not (path / "__init__.py").exists()], [])

    def test_data_files(self) -> None:
        """Every file that is not Python is listed to be installed."""
        package = ROOT / "twisted_chat"
        listed = {
            path for pattern in self.words("options.package_data", "twisted_chat") for path in package.glob(pattern)
        }
        present = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        self.assertEqual(present - listed, set())
        self.assertIn(package / "py.typed", listed)

    def test_command(self) -> None:
        """The `tcpchat` command leads to a function that exists."""
        (line,) = self.words("options.entry_points", "console_scripts")
        name, _, target = line.partition(" = ")
        self.assertEqual(name, "tcpchat")
        self.assertTrue(callable(namedAny(target.replace(":", "."))))

    def test_requirements(self) -> None:
        """Every dependency says from which version on it has been tried, and so does Python."""
        self.assertEqual(self.config["options"]["python_requires"], ">=3.10")
        extras = [
            line
            for option in self.config["options.extras_require"]
            for line in self.words("options.extras_require", option)
        ]
        for line in [*self.words("options", "install_requires"), *extras]:
            self.assertRegex(line, r"^[A-Za-z0-9-]+(\[\w+\])? >= \d+")

    def test_licence(self) -> None:
        """The licence is in the package, and is the one that is named."""
        self.assertEqual(self.config["metadata"]["license"], "MIT")
        files = self.config["metadata"]["license_files"].split(", ")
        texts = [(ROOT / file).read_text(encoding="utf-8") for file in files]
        self.assertIn("MIT License", texts[0])
        self.assertEqual([text.partition("\n")[0] for text in texts[1:]], ["UNICODE LICENSE V3"])

    def test_typed(self) -> None:
        """Type checkers are strict with the whole package."""
        self.assertEqual(self.config["mypy"]["strict"], "True")
        self.assertEqual(self.config["mypy"]["files"], "twisted_chat, twistd_plugins")
