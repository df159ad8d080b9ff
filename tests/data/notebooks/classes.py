# %% tags=["step:define"]
from dataclasses import dataclass
from enum import Enum
LIMIT = 3
class Base:
    limit = LIMIT
    seen = []
    def clip(self, v):
        self.seen.append(v)
        return min(v, self.limit) + offset
class Child(Base):
    def twice(self, v):
        return 2 * self.clip(v)
@dataclass
class Point:
    x: int
    y: int = 0
class Colour(Enum):
    RED = 1
offset = 100

# %% tags=["step:make"]
c = Child()
points = [Point(1), Point(2, 3)]
colour = Colour.RED

# %% tags=["step:use"]
print(c.twice(9), c.clip(1), Base.seen)
points[0].x = 10

# %% tags=["step:end"]
print(points, colour is Colour.RED, Child.seen, isinstance(c, Base))
Base.seen.append("end")

# %% tags=["step:after"]
print(c.seen)
