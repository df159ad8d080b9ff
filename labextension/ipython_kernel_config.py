# Every kernel of this environment knows %track. To switch it off: remove this file.
c = get_config()  # noqa: F821
c.IPKernelApp.extensions.append("mlops_jlab")
