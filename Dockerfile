# The product with its exact dependencies, run by nobody in particular.
FROM node:22-slim AS parts
WORKDIR /parts
COPY api/pages/package.json api/pages/package-lock.json api/pages/.npmrc ./
RUN npm ci --omit=dev

FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml ./
RUN python -m venv /opt/wasteledger && \
    /opt/wasteledger/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
COPY --from=parts /parts/node_modules api/pages/node_modules
RUN /opt/wasteledger/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
COPY --from=build /opt/wasteledger /opt/wasteledger
RUN useradd --create-home --uid 10001 ledger && mkdir /ledger /signer && chown ledger /ledger /signer
USER ledger
ENV PATH=/opt/wasteledger/bin:$PATH WASTELEDGER_HOME=/ledger WASTELEDGER_SIGNER_STATE=/signer/highwater.json \
    WASTELEDGER_LOG_KEY=/signer/log.key
VOLUME ["/ledger", "/signer"]
EXPOSE 8443
STOPSIGNAL SIGTERM
CMD ["wasteledger", "serve", "--host", "0.0.0.0", "--port", "8443", "--no-jobs"]
