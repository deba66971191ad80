"""The engine: time, chance, columns, coupling, recording. It knows no citizen and no transformer."""

from twin.kernels import prepare_numba

prepare_numba()  # sets environment variables only, and must come before numba is first imported
