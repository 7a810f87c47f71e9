# One image for every process of tomlake: portal, workers and clock, Dask scheduler and Dask workers.
FROM debian:bookworm-slim AS build
# Debian keeps one version of each package in a release: security updates come with the next build.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python3 -m venv /opt/tomlake
COPY pyproject.toml ./
# What tomlake needs, first and alone: it changes far less often than tomlake does.
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = project['optional-dependencies']; \
print('\n'.join(project['dependencies'] + extras['scale'] + extras['dask']))" > requirements.txt \
 && /opt/tomlake/bin/pip install --no-cache-dir --requirement requirements.txt
COPY README.md LICENSE ./
COPY engine engine
COPY lake lake
COPY jobs jobs
COPY portal portal
COPY tomlake tomlake
RUN /opt/tomlake/bin/pip install --no-cache-dir --no-deps .

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="tomlake" org.opencontainers.image.licenses="BSD-3-Clause"
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 tomlake \
 && install --directory --owner=tomlake --group=tomlake /data
COPY --from=build /opt/tomlake /opt/tomlake
ENV PATH=/opt/tomlake/bin:$PATH TOMLAKE_DATA=/data TOMLAKE_HOST=0.0.0.0 TOMLAKE_PORT=8501
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/api/health', timeout=4)"]
CMD ["tomlake", "up", "--no-demo"]
