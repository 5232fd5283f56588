# A Rust builder as the official slim image has it, around the toolchain that the context holds.
ARG BASE
FROM ${BASE} AS rust
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/rustup/toolchain/bin:$PATH
COPY . /usr/local/rustup/toolchain
CMD ["bash"]
