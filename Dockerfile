# gan-lab, with torch for the CPU:   docker build -t gan-lab .
# With torch for NVIDIA GPUs:        docker build -t gan-lab --build-arg TORCH=cuda .
#                                    docker run --rm --gpus all ...
# Runs are written to /lab/outputs:  docker run --rm -v "$PWD/outputs:/lab/outputs" gan-lab train dataset=ring8
FROM python:3.11-slim

# g++ for torch.compile (train.execution=compiled)
RUN apt-get update && apt-get install --yes --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*

WORKDIR /lab
ARG TORCH=cpu
ENV PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1
COPY requirements.lock pyproject.toml Makefile README.md LICENSE ./
COPY scripts/install_requirements.sh scripts/
COPY gan_lab gan_lab
COPY conf conf
RUN pip install uv && \
    if [ "$TORCH" = cpu ]; then make .venv/installed TORCH=cpu; else make .venv/installed; fi

VOLUME /lab/outputs
ENTRYPOINT ["/lab/.venv/bin/gan-lab"]
CMD ["train"]
