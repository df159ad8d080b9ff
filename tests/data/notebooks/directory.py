# %% tags=["step:go"]
import os, sys, tempfile
home = os.getcwd()
os.makedirs("scratch-directory", exist_ok=True)
os.chdir("scratch-directory")
sys.path.insert(0, "/nowhere-special")

# %% tags=["step:there"]
print(os.path.basename(os.getcwd()), sys.path[0])
open("note.txt", "w").write("hello")

# %% tags=["step:back"]
print(open("note.txt").read())
os.remove("note.txt")
os.chdir(home)
os.rmdir("scratch-directory")

# %% tags=["step:end"]
print(os.getcwd() == home)
