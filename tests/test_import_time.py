"""Help stays quick because heavy packages are imported by the commands that need them."""

import subprocess
import sys

HEAVY = (
    "numpy",
    "numba",
    "mesa",
    "pyarrow",
    "pandas",
    "hydra",
    "omegaconf",
    "matplotlib",
    "pyvista",
    "vtk",
    "scipy",
    "pydantic",
    "simpy",
    "power_grid_model",
    "routingkit_cch",
    "osmium",
    "shapely",
)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['twin', '--help']\n"
        "from scenarios.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
    assert "Simulate one scenario" in done.stdout


def test_a_simulation_loads_no_vtk():
    code = (
        "import sys, scenarios.commands, scenarios.simulate, agents.care.domain\n"
        "print(sorted({'vtk', 'pyvista', 'mesa'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
