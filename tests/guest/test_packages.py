"""A package that a cell installs can be imported by the next one."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

from tailrace_kernel import packages
from tests.guest.driver import Guest


def wheel(folder: Path, name: str, version: str) -> None:
    """A package of one module, as pip installs it, made without a network."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record.append(f"{path},sha256={digest.decode()},{len(text)}\n")
        archive.writestr(f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]))


def test_what_pip_installs_is_there_at_once(  # PAGE-31
    shared: Guest, tmp_path: Path
) -> None:
    wheels, target = tmp_path / "wheels", tmp_path / "target"
    target.mkdir()
    wheel(wheels, "tailrace_probe", "1.0")
    shared.run(
        "import os, sys\n"
        f"os.environ.update(PIP_NO_INDEX='1', PIP_FIND_LINKS={str(wheels)!r},"
        f" PIP_TARGET={str(target)!r}, PIP_DISABLE_PIP_VERSION_CHECK='1')\n"
        f"sys.path.insert(0, {str(target)!r})\n"
        "try:\n    import tailrace_probe\nexcept ImportError: print('missing')"
    )
    done = shared.run("%pip install tailrace_probe")
    assert "Successfully installed" in done.text
    assert "estart" not in done.text
    assert shared.run("import tailrace_probe; tailrace_probe.version").result == "'1.0'"

    # Only now, with the module imported, does another version need a restart.
    wheel(wheels, "tailrace_probe", "2.0")
    done = shared.run("%pip install --upgrade tailrace_probe")
    assert "Restart the kernel to use the new tailrace_probe" in done.text
    shared.run(
        f"sys.path.remove({str(target)!r}); del sys.modules['tailrace_probe']\n"
        "for name in [n for n in os.environ if n.startswith('PIP_')]: del os.environ[name]"
    )


def test_uv_is_told_which_python_is_meant() -> None:
    told = packages._for_this_python("pip install numpy 'x>1'")

    assert told == f"pip install --python {sys.executable} numpy 'x>1'"
    assert packages._for_this_python("add numpy") == "add numpy"
    assert packages._for_this_python("pip list --python other") == "pip list --python other"
