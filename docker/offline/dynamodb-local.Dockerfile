# DynamoDB Local as Amazon's image has it: the same account, folder, port and command line.
ARG BASE
FROM ${BASE} AS dynamodb-local
# Debian's Java links its manual pages, even where there are none.
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update && apt-get install -y --no-install-recommends curl default-jre-headless \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && useradd --uid 1000 --create-home dynamodblocal
WORKDIR /home/dynamodblocal
COPY --chown=dynamodblocal:dynamodblocal . .
USER dynamodblocal
EXPOSE 8000
ENTRYPOINT ["java"]
CMD ["-jar", "DynamoDBLocal.jar", "-inMemory"]
