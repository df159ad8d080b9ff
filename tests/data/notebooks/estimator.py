# %% tags=["step:data"]
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=500)

# %% tags=["step:fit"]
model.fit(X, y)

# %% tags=["step:score"]
print(round(model.score(X, y), 4))
model
