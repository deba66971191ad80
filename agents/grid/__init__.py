"""The electricity grid: its tables for any area, its AC power flow, its protection and its customers."""

import twin  # noqa: F401  (sets numba's cache directory before any kernel is imported)
