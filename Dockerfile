# syntax=docker/dockerfile:1
# The gateway and its simulators in one image; what a container does is its command (see deploy/compose.yaml).

# 1. Wheels, by the lock files' hashes. Offline: put the wheels into wheels/ and build with
#    --build-arg PIP_OPTIONS="--no-index --find-links /build/wheels"
FROM python:3.13-slim AS wheels
ARG PIP_OPTIONS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY . .
RUN pip install ${PIP_OPTIONS} --require-hashes --requirement requirements.lock \
 && pip wheel ${PIP_OPTIONS} --require-hashes --requirement requirements-extras.lock --wheel-dir /wheels \
 && pip wheel --no-deps --no-build-isolation --wheel-dir /kakehashi .

# 2. The image: nothing of the build, no compiler, no root.
FROM python:3.13-slim
LABEL org.opencontainers.image.title="kakehashi" org.opencontainers.image.licenses="Apache-2.0"
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KAKEHASHI_CONFIG=/etc/kakehashi/config
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    --mount=type=bind,from=wheels,source=/kakehashi,target=/kakehashi \
    --mount=type=bind,source=requirements-extras.lock,target=/requirements.lock \
    pip install --no-cache-dir --no-index --find-links /wheels --require-hashes --requirement /requirements.lock \
 && pip install --no-cache-dir --no-index --no-deps /kakehashi/*.whl \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin kakehashi \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/kakehashi
USER 10001:10001
WORKDIR /var/lib/kakehashi
STOPSIGNAL SIGTERM
# Alive: the ledger answers, and its counts add up. Not `ready`: a broker or a worker that is missing elsewhere is no reason to
# replace this container.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["kakehashi", "status", "--json"]
ENTRYPOINT ["kakehashi"]
CMD ["run"]
