"""Ordinary kernels that were started before anybody asked for one."""
