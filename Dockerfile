FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY lake lake
COPY jobs jobs
COPY portal portal
COPY tomlake tomlake
RUN python -m venv /opt/tomlake && /opt/tomlake/bin/pip install --no-cache-dir .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 tomlake && install -d -o tomlake /data
COPY --from=build /opt/tomlake /opt/tomlake
USER tomlake
ENV PATH=/opt/tomlake/bin:$PATH TOMLAKE_DATA=/data TOMLAKE_HOST=0.0.0.0 TOMLAKE_PORT=8501
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/api/health', timeout=4)"
CMD ["tomlake", "up", "--no-demo"]
