SELECT substr(name, 1, instr(name, '-') - 1) AS category, count(*) FROM streams GROUP BY category ORDER BY category
