# PostgreSQL as the official image has it: the same account, folders, port, signal, locale and entry point.
# 15 is Debian's, 18 comes from npm with the server's programs alone, so that its client is Debian's.
ARG BASE
FROM ${BASE} AS common
RUN groupadd --system --gid 999 postgres \
    && useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
    && install --directory --owner postgres --group postgres --mode 1777 /var/lib/postgresql \
    && install --directory --owner postgres --group postgres --mode 3777 /var/run/postgresql \
    && mkdir /docker-entrypoint-initdb.d \
    && sed -i '\#/usr/share/locale#d' /etc/dpkg/dpkg.cfg.d/slim \
    && apt-get update && apt-get install -y --no-install-recommends locales \
    && localedef -i en_US -c -f UTF-8 en_US.UTF-8 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
ENV LANG=en_US.utf8
COPY postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]

FROM common AS postgres-15
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-common \
    && sed -ri 's/#(create_main_cluster) .*$/\1 = false/' /etc/postgresql-common/createcluster.conf \
    && apt-get install -y --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && sed -ri "s/^#?listen_addresses = \S+/listen_addresses = '*'/" /usr/share/postgresql/15/postgresql.conf.sample
ENV PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/var/lib/postgresql/data
RUN install --directory --owner postgres --group postgres --mode 1777 $PGDATA
VOLUME /var/lib/postgresql/data

FROM common AS postgres-18
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY native /usr/lib/postgresql/18
# initdb writes the socket's folder that the server was built with into the first such line; the last one counts.
RUN cd /usr/lib/postgresql/18/share/postgresql \
    && sed -ri "s/^#?listen_addresses = \S+/listen_addresses = '*'/" postgresql.conf.sample \
    && echo "unix_socket_directories = '/var/run/postgresql'" >>postgresql.conf.sample
ENV PATH=/usr/lib/postgresql/18/bin:/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
