"""The electricity grid: its tables for any area, its AC power flow, its protection and its customers."""
