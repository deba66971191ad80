"""The report of a run: one page of plain HTML that opens offline, without scripts."""
