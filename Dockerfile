# pellucid as one image: `pellucid serve` by default, any other command of it as well. Nothing runs as root.
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/pellucid && /opt/pellucid/bin/pip install --no-cache-dir ".[serve,postgresql]"

FROM python:3.13-slim
RUN groupadd --gid 10001 pellucid \
    && useradd --uid 10001 --gid pellucid --create-home --shell /usr/sbin/nologin pellucid \
    && install -d -o pellucid -g pellucid -m 0700 /data
COPY --from=build /opt/pellucid /opt/pellucid
ENV PATH="/opt/pellucid/bin:$PATH" PELLUCID_WORKSPACE=/data/workspace PYTHONUNBUFFERED=1
USER pellucid
VOLUME /data
EXPOSE 8700
STOPSIGNAL SIGTERM
CMD ["pellucid", "serve", "--host", "0.0.0.0", "--port", "8700", "--workers", "2"]
