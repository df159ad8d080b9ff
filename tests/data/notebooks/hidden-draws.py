# %% tags=["step:data"]
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
np.random.seed(0)
X, y = make_classification(200)

# %% tags=["step:split"]
A, B, ya, yb = train_test_split(X, y)

# %% tags=["step:left"]
from sklearn.ensemble import RandomForestClassifier
left = RandomForestClassifier(5).fit(A, ya)

# %% tags=["step:right"]
right = RandomForestClassifier(5)
right.fit(A, ya)

# %% tags=["step:show"]
print(left.score(B, yb), right.score(B, yb), np.random.rand())
