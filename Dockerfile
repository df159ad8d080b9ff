# JupyterLab with mlops-jlab and its example notebooks: docker build -t mlops-jlab . && docker run -p 8888:8888 mlops-jlab
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m pip wheel --no-deps --no-cache-dir --wheel-dir /wheels .

FROM python:3.12-slim
RUN useradd --create-home jovyan
COPY --from=build /wheels /wheels
RUN python -m pip install --no-cache-dir "$(ls /wheels/*.whl)[lab,gates,examples]" && rm -rf /wheels
USER jovyan
WORKDIR /home/jovyan/notebooks
COPY --chown=jovyan notebooks .
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
